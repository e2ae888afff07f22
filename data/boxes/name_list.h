// Class names: one a line, or those of a data.yaml, and what else that says.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace eyechart::data::internal {

/// Throws InputError naming `source` and `name` where that is not UTF-8: it
/// will stand in JSON, which has no other text.
void RequireUtf8(std::string_view name, const std::string& source);

/// Takes the first line from `text`, which is not empty, with its end: LF, CR
/// LF or CR alone.
std::string_view TakeLine(std::string_view& text);

/// One name a line, blanks around it and empty lines at the end dropped.
/// Throws InputError, naming `source`, for none, for an empty line between and
/// for a name that is not UTF-8.
std::vector<std::string> ParseNameLines(std::string_view text,
                                        const std::string& source);

/// `names` of a data.yaml: a list, or a map from 0, 1, ... to names. Throws
/// InputError, naming `source`, where they are not there, have gaps, are not
/// UTF-8, or are not as many as `nc`.
std::vector<std::string> ParseYamlNames(const std::string& text,
                                        const std::string& source);

/// What a YOLO data.yaml says beside the names.
struct YoloYaml {
  struct Folder {
    std::string part;  // train, val or test
    std::string path;  // as written
  };
  std::string path;             // what the folders are relative to; or empty
  std::vector<Folder> folders;  // in the order train, val, test
  std::size_t keypoint_numbers = 0;  // a box's, as kpt_shape has it; 0: none
};

/// Throws InputError, naming `source`, where `kpt_shape` is not two numbers, of
/// keypoints and of numbers of each.
YoloYaml ParseYoloYaml(const std::string& text, const std::string& source);

/// The same of a file; nothing of a list of names.
YoloYaml ReadYoloYaml(const std::filesystem::path& path);

/// The names in a file of either kind, by its extension.
std::vector<std::string> ReadNames(const std::filesystem::path& path);

}  // namespace eyechart::data::internal
