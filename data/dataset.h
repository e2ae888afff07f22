// Where pictures come from.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace eyechart::data {

/// One picture of a data set.
struct Item {
  std::string id;     // stable; the relative path with '/', or the set's own
  std::string path;   // as written in items.csv; empty where there is no file
  std::string label;  // empty: none
};

struct DatasetOptions {
  /// A folder, a CSV manifest (columns path[,label[,id]]), a text file of
  /// paths, a COCO JSON, or an IDX file of images (optionally .gz).
  std::filesystem::path path;
  /// "" recognises the kind by looking; else folder, csv, list, coco or idx.
  std::string kind;
  /// Folder that a COCO JSON's file names are relative to; empty: beside it.
  std::filesystem::path root;
  /// Column of a CSV manifest that labels come from; empty: label, if there.
  std::string label_column;
  /// IDX file of labels; empty: found by name beside the images, if there.
  std::filesystem::path labels;
};

/// An ordered set of pictures. Implementations are immutable after Create and
/// safe to read from several threads.
class Dataset {
 public:
  virtual ~Dataset() = default;
  virtual std::size_t size() const = 0;
  virtual const Item& item(std::size_t index) const = 0;
  /// The bytes of the picture's file (an IDX item is given as a BMP of its
  /// own). Throws InputError if it cannot be read.
  virtual std::string Read(std::size_t index) const = 0;
  /// A name for records: the folder's or file's.
  virtual const std::string& name() const = 0;

  /// Throws InputError, naming the path, where it does not exist, is of no
  /// known kind, or holds no picture.
  static std::unique_ptr<Dataset> Create(const DatasetOptions& options);
};

/// The kinds of data set there are. To add one: one new file and one row in
/// dataset.cc.
struct DatasetKind {
  std::string_view name;
  std::string_view what;
  bool is_folder = false;  // else the path is a file
  std::unique_ptr<Dataset> (*open)(const DatasetOptions&);
};

std::span<const DatasetKind> DatasetKinds();

/// The row called `name`. Throws InputError, beginning with `where`, with the
/// nearest kind.
const DatasetKind& FindDatasetKind(const std::string& name,
                                   const std::string& where);

}  // namespace eyechart::data
