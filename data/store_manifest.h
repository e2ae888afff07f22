// What a feature store says of itself: manifest.json and items.csv.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"

namespace eyechart::data {

inline constexpr int kStoreSchema = 1;

/// Shape of one picture's tokens: (count, dim).
struct TokenShape {
  std::int64_t count = 0;
  std::int64_t dim = 0;
  friend bool operator==(const TokenShape&, const TokenShape&) = default;
};

/// One file of the store.
struct StoreShard {
  std::string file;
  std::int64_t count = 0;  // pictures
  std::string sha256;
};

/// manifest.json, design §4.
struct StoreManifest {
  std::string model;
  std::string family;
  std::string weights_sha256;
  Json preprocess;
  std::string preprocess_sha256;
  std::string dataset;
  std::string items_sha256;
  std::string dtype;  // of the run: fp32, bf16 or fp16
  /// What was multiplied in where that is not `dtype`: fp32 on a processor that
  /// has no instructions for half precision. "" (no such key): `dtype`.
  std::string computed_in;
  /// off or on, of a run on a CUDA device; "" (no such key) of any other.
  std::string tf32;
  std::string pool;  // head, cls, mean or blocks
  std::int64_t count = 0;
  std::int64_t dim = 0;  // of `pooled`
  /// Of the pool `blocks`: the names of what lies side by side in `pooled`, of
  /// equal width. Empty (no such key) of the others.
  std::vector<std::string> parts;
  std::optional<TokenShape> tokens;
  std::vector<StoreShard> shards;
  bool complete = false;
};

Json ManifestToJson(const StoreManifest& manifest);
/// Throws InputError, naming `source`, for another schema or bad fields.
StoreManifest ManifestFromJson(const Json& json, const std::string& source);

/// One row of items.csv.
struct StoreItem {
  std::string id;
  std::string path;
  std::string label;
  std::string status = "ok";  // or why the picture could not be read
  std::string note;           // a warning
  std::string sha256;         // of the picture's file; may be empty
  bool ok() const { return status == "ok"; }
};

/// items.csv with its header.
std::string ItemsToCsv(const std::vector<StoreItem>& items);
/// Reads items.csv; columns are found by name, `path`, `label`, `note` and
/// `sha256` may lack. Throws InputError for a bad index or a repeated id.
std::vector<StoreItem> ReadItems(const std::filesystem::path& path);

}  // namespace eyechart::data
