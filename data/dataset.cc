#include "data/dataset.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <string_view>
#include <system_error>
#include <vector>

#include "core/error.h"
#include "core/text.h"
#include "data/dataset_kinds.h"
#include "data/signature.h"

namespace eyechart::data {
namespace {

constexpr std::array<const char*, 5> kKinds = {"folder", "csv", "list", "coco",
                                               "idx"};

std::string LowerExtension(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  std::transform(
      extension.begin(), extension.end(), extension.begin(),
      [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
  return extension;
}

std::string FirstBytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes(16, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  return bytes;
}

std::string Recognise(const std::filesystem::path& path) {
  if (std::filesystem::is_directory(path)) return "folder";
  EYECHART_REQUIRE(SniffFormat(FirstBytes(path)) == PictureFormat::kUnknown,
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
  const bool known =
      options.kind.empty() ||
      std::find(kKinds.begin(), kKinds.end(), options.kind) != kKinds.end();
  EYECHART_REQUIRE(known, "data set kind \"{}\" is not known{}; known are {}",
                   options.kind,
                   DidYouMean(options.kind, {kKinds.begin(), kKinds.end()}),
                   fmt::join(kKinds, ", "));
  const std::string kind =
      options.kind.empty() ? Recognise(path) : options.kind;
  const bool folder = std::filesystem::is_directory(path, error);
  EYECHART_REQUIRE(folder == (kind == "folder"),
                   "{}: is a {}; kind \"{}\" is a {}", path.string(),
                   folder ? "folder" : "file", kind,
                   folder ? "file" : "folder");
  EYECHART_REQUIRE(options.root.empty() || kind == "coco",
                   "a root ({}) goes with a COCO JSON; {} is of kind {}",
                   options.root.string(), path.string(), kind);
  if (kind == "folder") return internal::OpenImageFolder(path);
  if (kind == "csv") return internal::OpenCsvManifest(path);
  if (kind == "coco") return internal::OpenCocoImages(path, options.root);
  if (kind == "idx") return internal::OpenIdx(path, options.labels);
  return internal::OpenListFile(path);
}

}  // namespace eyechart::data
