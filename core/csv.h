// CSV, RFC 4180: read through libcsv, columns by name; written with LF.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace eyechart {

/// A CSV file in memory: a header and rows of text fields. Quoted fields may
/// hold commas, quotes and line breaks; a byte-order mark is skipped.
class CsvTable {
 public:
  /// Throws InputError naming file and row where the text is not CSV, the
  /// header is missing, or a row has another number of fields than the header.
  static CsvTable Parse(std::string_view text, const std::string& source);
  static CsvTable ReadFile(const std::filesystem::path& path);

  std::size_t rows() const { return rows_.size(); }
  const std::vector<std::string>& header() const { return header_; }
  const std::string& at(std::size_t row, std::size_t column) const {
    return rows_[row][column];
  }

  /// Index of the column called `name`, if there is one.
  std::optional<std::size_t> FindColumn(std::string_view name) const;
  /// The same; throws InputError listing the columns if there is none.
  std::size_t Column(std::string_view name) const;

 private:
  std::string source_;
  std::vector<std::string> header_;
  std::vector<std::vector<std::string>> rows_;
};

/// One field, quoted where RFC 4180 asks for it.
std::string CsvField(std::string_view field);

/// One line of fields, ended by LF.
std::string CsvLine(const std::vector<std::string>& fields);

}  // namespace eyechart
