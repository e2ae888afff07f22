// Class names: one a line, or those of a data.yaml.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace eyechart::data::internal {

/// One name a line, blanks around it and empty lines at the end dropped.
/// Throws InputError, naming `source`, for none and for an empty line between.
std::vector<std::string> ParseNameLines(std::string_view text,
                                        const std::string& source);

/// `names` of a data.yaml: a list, or a map from 0, 1, ... to names. Throws
/// InputError, naming `source`, where they are not there, have gaps, or are not
/// as many as `nc`.
std::vector<std::string> ParseYamlNames(const std::string& text,
                                        const std::string& source);

/// The names in a file of either kind, by its extension.
std::vector<std::string> ReadNames(const std::filesystem::path& path);

}  // namespace eyechart::data::internal
