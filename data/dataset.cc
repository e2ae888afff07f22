#include "data/dataset.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <system_error>
#include <vector>

#include "core/error.h"
#include "core/text.h"
#include "data/dataset_kinds.h"
#include "data/signature.h"

namespace eyechart::data {
namespace {

constexpr std::array kKinds = {
    DatasetKind{"folder", "pictures under a folder; subfolders are labels",
                true,
                [](const DatasetOptions& o) {
                  return internal::OpenImageFolder(o.path);
                }},
    DatasetKind{"csv", "CSV with the column path, perhaps label and id", false,
                [](const DatasetOptions& o) {
                  return internal::OpenCsvManifest(o.path, o.label_column);
                }},
    DatasetKind{
        "list", "text file with one path a line", false,
        [](const DatasetOptions& o) { return internal::OpenListFile(o.path); }},
    DatasetKind{"coco", "COCO JSON; its pictures lie beside it or under a root",
                false,
                [](const DatasetOptions& o) {
                  return internal::OpenCocoImages(o.path, o.root);
                }},
    DatasetKind{"boxes",
                "detection set (Roboflow, COCO, Pascal VOC, YOLO); elsewhere "
                "than in detect, the pictures under its folder",
                true,
                [](const DatasetOptions& o) {
                  return internal::OpenImageFolder(o.path);
                }},
    DatasetKind{"idx", "IDX file of images (the MNIST format), also gzipped",
                false,
                [](const DatasetOptions& o) {
                  return internal::OpenIdx(o.path, o.labels);
                }},
};

std::string LowerExtension(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  std::transform(
      extension.begin(), extension.end(), extension.begin(),
      [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
  return extension;
}

std::string Recognise(const std::filesystem::path& path) {
  if (std::filesystem::is_directory(path)) return "folder";
  EYECHART_REQUIRE(SniffFile(path) == PictureFormat::kUnknown,
                   "{}: is a single picture; name the folder that holds it, "
                   "or a list of paths",
                   path.string());
  const std::string extension = LowerExtension(path);
  if (extension == ".csv") return "csv";
  if (extension == ".json") return "coco";
  if (internal::LooksLikeIdx(path)) return "idx";
  return "list";
}

}  // namespace

std::unique_ptr<Dataset> Dataset::Create(const DatasetOptions& options) {
  const std::filesystem::path& path = options.path;
  std::error_code error;
  EYECHART_REQUIRE(!path.empty(),
                   "no images named; give a folder, a CSV manifest, a list of "
                   "paths, a COCO JSON or an IDX file");
  EYECHART_REQUIRE(std::filesystem::exists(path, error),
                   "{}: no such file or folder", path.string());
  const DatasetKind& kind = FindDatasetKind(
      options.kind.empty() ? Recognise(path) : options.kind, "data set");
  const bool folder = std::filesystem::is_directory(path, error);
  EYECHART_REQUIRE(folder == kind.is_folder, "{}: is a {}; kind \"{}\" is a {}",
                   path.string(), folder ? "folder" : "file", kind.name,
                   folder ? "file" : "folder");
  EYECHART_REQUIRE(options.root.empty() || kind.name == "coco",
                   "a root ({}) goes with a COCO JSON; {} is of kind {}",
                   options.root.string(), path.string(), kind.name);
  return kind.open(options);
}

std::span<const DatasetKind> DatasetKinds() { return kKinds; }

const DatasetKind& FindDatasetKind(const std::string& name,
                                   const std::string& where) {
  std::vector<std::string> names;
  for (const DatasetKind& kind : kKinds) {
    if (kind.name == name) return kind;
    names.emplace_back(kind.name);
  }
  ThrowInput("{}: kind \"{}\" is not known{}; known are {}", where, name,
             DidYouMean(name, names), fmt::join(names, ", "));
}

}  // namespace eyechart::data
