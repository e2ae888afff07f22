// The data sets behind Dataset::Create, one function a kind.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "data/dataset.h"

namespace eyechart::data::internal {

/// All pictures under a folder but the contact sheets of generated folders;
/// first-level subfolders are labels.
std::unique_ptr<Dataset> OpenImageFolder(const std::filesystem::path& folder);
/// A CSV with the column `path` and perhaps `label` and `id`.
std::unique_ptr<Dataset> OpenCsvManifest(const std::filesystem::path& path,
                                         const std::string& label_name);
/// A text file with one path a line.
std::unique_ptr<Dataset> OpenListFile(const std::filesystem::path& path);
/// `images` of a COCO JSON, under `root` or beside the file.
std::unique_ptr<Dataset> OpenCocoImages(const std::filesystem::path& path,
                                        const std::filesystem::path& root);
/// An IDX file of images, with `labels`, or the labels found beside it.
std::unique_ptr<Dataset> OpenIdx(const std::filesystem::path& path,
                                 const std::filesystem::path& labels);

/// Whether the file begins as an IDX file of 3-dimensional bytes, gzipped or
/// not.
bool LooksLikeIdx(const std::filesystem::path& path);

/// True for jpg, jpeg, png, webp, bmp, tif and tiff in either case.
bool HasPictureExtension(const std::filesystem::path& path);
/// "jpg, jpeg, ...", for messages.
std::string PictureExtensions();

/// The last component of `path`, also where it ends in a slash or is ".".
std::string LastComponent(const std::filesystem::path& path);

/// Pictures that are files under one folder.
class FileDataset final : public Dataset {
 public:
  /// `source` is the manifest or folder, named in errors; paths of `items` are
  /// relative to `root`. Throws InputError for an empty list, repeated ids and
  /// paths that leave `root`.
  FileDataset(std::string name,
              std::string source,
              std::filesystem::path root,
              std::vector<Item> items);

  /// Throws InputError where none of the files exists: the root is wrong, or
  /// the text was no list. Some missing files are rows with a status.
  void RequireSomeFile() const;

  std::size_t size() const override { return items_.size(); }
  const Item& item(std::size_t index) const override;
  std::string Read(std::size_t index) const override;
  const std::string& name() const override { return name_; }

 private:
  std::string name_;
  std::string source_;
  std::filesystem::path root_;
  std::vector<Item> items_;
};

}  // namespace eyechart::data::internal
