// Looking at the pairs: one HTML file with the pictures in it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/json.h"
#include "data/store_manifest.h"
#include "mining/mine.h"
#include "mining/picture_reader.h"

namespace eyechart::mining {

/// What a gallery is made of; everything must outlive the call.
struct GallerySource {
  const MiningResult& result;
  const std::vector<data::StoreItem>& items;  // of the near store
  const data::StoreManifest& near_manifest;
  const data::StoreManifest& far_manifest;
  PictureReader read;  // its InputErrors are shown in the picture's place
  /// Parallel to result.pairs: what a pair differs in, "" where that is not
  /// known. Empty: of none.
  std::vector<std::string> patterns = {};
  /// Parallel to result.pairs: not 0 where a pair shows what another one does
  /// (repeated_pairs.h). Empty: none does.
  std::vector<char> is_copy = {};
};

struct GalleryOptions {
  /// The first so many that are no copies; 0: all of them. Copies among them
  /// are in the page too, up to as many, hidden until asked for.
  std::int64_t pairs = 200;
  int thumbnail_side = 160;  // longest side, pixels
  /// Shown as the way to make the page again; none is shown when empty.
  std::string command;
  /// An <svg> above the pairs (CosineSvg), taken as it is; none when empty.
  std::string figure = {};
};

/// Writes the page to `path`, whole or not at all. It needs no network; each
/// picture is in it once, however many pairs it is in. Throws InputError where
/// the file cannot be written.
void WriteGallery(const std::filesystem::path& path,
                  const GallerySource& source,
                  const GalleryOptions& options = {});

/// The first `pairs` pairs that are no copies, for a report to show:
/// {near_model, far_model, near_min, far_max, copies_hidden,
///  pairs: [{rank, id, near, far, gap, pattern, a: {id, label, src}, b:
///  {...}}]}
/// `id` is PairId, `src` a data URI, or null with `error` beside it; pairs have
/// a `pattern` where one is known.
Json GalleryJson(const GallerySource& source, std::int64_t pairs = 12);

/// The model's name for people: a hub id as it is, of a path its last part.
std::string ModelTitle(const data::StoreManifest& manifest);

}  // namespace eyechart::mining
