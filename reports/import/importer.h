// Importers: results that others measured or published, as records to read
// beside ours. To add one, write its file and add its line to the table in
// importer.cc.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "reports/run_folder.h"

namespace eyechart::reports {

/// What is imported is for reading alone: it is never paired with a run, never
/// judged by the gate, and has no interval that its source does not give.
class Importer {
 public:
  virtual ~Importer() = default;

  /// The file's values as records, in its order. Each names where it comes from
  /// in `setting["source"]`; the folder's `name` is the table's, and its
  /// `environment` holds the texts `source` and, where there are some, `title`
  /// and `note` (how the values were measured). Shares are fractions, whatever
  /// the file's unit. Throws InputError naming file, place and value.
  virtual RunFolder Import(const std::filesystem::path& file) const = 0;

  /// The importer of this name in the table. Throws InputError listing the
  /// known ones.
  static std::unique_ptr<Importer> Create(const std::string& name);
};

/// One row of the table.
struct ImporterRow {
  std::string_view name;
  std::string_view what;
  /// Whether this is the importer for a file of this text; never throws.
  bool (*recognises)(std::string_view text);
  std::unique_ptr<Importer> (*make)();
};

/// Every importer there is.
std::span<const ImporterRow> Importers();

/// The name of the importer that knows the file by its content. Throws
/// InputError listing what is known.
std::string ImporterForFile(const std::filesystem::path& file);

}  // namespace eyechart::reports
