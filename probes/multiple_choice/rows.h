// Rows of text fields by name, whatever file they stand in.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace eyechart::multiple_choice {

/// Rows of a CSV, of a JSON list or object of objects, or of JSON lines, by the
/// extension. Numbers are texts; an object's own key becomes the field "key"
/// unless it has one.
class Rows {
 public:
  /// Throws InputError naming file and row.
  explicit Rows(const std::filesystem::path& source);

  std::size_t size() const { return rows_.size(); }
  bool Has(std::size_t row, const std::string& field) const;
  /// The field's text, or "" where the row lacks it.
  std::string Get(std::size_t row, const std::string& field) const;
  /// The field's text. Throws InputError where it is missing or empty.
  std::string Require(std::size_t row, const std::string& field) const;
  /// "file: row N", as people count it.
  std::string Where(std::size_t row) const;
  std::size_t Number(std::size_t row) const { return row + first_; }

 private:
  std::string source_;
  std::size_t first_ = 1;  // number of the first row
  std::vector<std::map<std::string, std::string>> rows_;
};

/// Whether the file's first row, or its CSV header, has all `fields`. Throws
/// InputError for a header that is no CSV and a file that is no JSON.
bool FirstRowHas(const std::filesystem::path& source,
                 const std::vector<std::string>& fields);

}  // namespace eyechart::multiple_choice
