#include "reports/gallery.h"

#include "core/error.h"
#include "reports/json_member.h"

namespace eyechart::reports {
namespace {

GalleryPicture ReadPicture(const Json& json, const std::string& source) {
  EYECHART_REQUIRE(json.is_object(), "{}: a picture should be an object",
                   source);
  GalleryPicture picture;
  picture.id = JsonGet<std::string>(json, "id", source);
  picture.label = JsonGetOr<std::string>(json, "label", "", source);
  picture.src = JsonGetOr<std::string>(json, "src", "", source);
  if (!picture.src.starts_with("data:image/")) picture.src.clear();
  return picture;
}

GalleryPair ReadPair(const Json& json, const std::string& source) {
  EYECHART_REQUIRE(json.is_object(), "{}: a pair should be an object", source);
  GalleryPair pair;
  pair.rank = JsonGet<std::int64_t>(json, "rank", source);
  pair.near_cosine = JsonGet<double>(json, "near", source);
  pair.far_cosine = JsonGet<double>(json, "far", source);
  pair.gap = JsonGet<double>(json, "gap", source);
  pair.a = ReadPicture(Member(json, "a", source), source);
  pair.b = ReadPicture(Member(json, "b", source), source);
  return pair;
}

}  // namespace

std::vector<Gallery> ReadGalleries(std::span<const RunFolder> runs) {
  std::vector<Gallery> galleries;
  for (std::size_t run = 0; run < runs.size(); ++run) {
    for (const auto& [cell, json] : runs[run].galleries) {
      const std::string source =
          fmt::format("{}: gallery of {}", runs[run].path.string(), cell);
      Gallery gallery;
      gallery.run = run;
      gallery.cell = cell;
      gallery.near_model = JsonGet<std::string>(json, "near_model", source);
      gallery.far_model = JsonGet<std::string>(json, "far_model", source);
      gallery.near_min = JsonGet<double>(json, "near_min", source);
      gallery.far_max = JsonGet<double>(json, "far_max", source);
      const Json& pairs = Member(json, "pairs", source);
      EYECHART_REQUIRE(pairs.is_array(), "{}: \"pairs\" should be a list",
                       source);
      for (const Json& pair : pairs)
        gallery.pairs.push_back(ReadPair(pair, source));
      galleries.push_back(std::move(gallery));
    }
  }
  return galleries;
}

}  // namespace eyechart::reports
