#include "mining/gallery.h"

#include <algorithm>
#include <map>

#include "core/error.h"
#include "core/files.h"
#include "core/text.h"
#include "mining/gallery_page.h"
#include "mining/grouped.h"
#include "mining/thumbnail.h"

namespace eyechart::mining {
namespace {

std::int64_t Shown(const MiningResult& result, std::int64_t pairs) {
  const auto all = static_cast<std::int64_t>(result.pairs.size());
  return pairs > 0 ? std::min(pairs, all) : all;
}

Thumbnail ReadThumbnail(const GallerySource& source,
                        std::int64_t row,
                        int side) {
  try {
    return MakeThumbnail(source.read(row), side);
  } catch (const InputError& error) {
    Thumbnail none;
    none.error = error.what();
    return none;
  }
}

Json PictureJson(const data::StoreItem& item, const Thumbnail& thumbnail) {
  Json picture = {{"id", item.id}, {"label", item.label}};
  if (thumbnail.error.empty()) {
    picture["src"] = thumbnail.src;
    picture["width"] = thumbnail.width;
    picture["height"] = thumbnail.height;
  } else {
    picture["src"] = nullptr;
    picture["error"] = thumbnail.error;
  }
  return picture;
}

Json PairJson(const BlindPair& pair, std::int64_t rank) {
  return {{"rank", rank},
          {"near", pair.near_cosine},
          {"far", pair.far_cosine},
          {"gap", pair.gap()}};
}

// Pictures by the order of their first use, and pairs that name their places.
Json PageData(const GallerySource& source, const GalleryOptions& options) {
  Json pictures = Json::array();
  Json pairs = Json::array();
  std::map<std::int64_t, std::size_t> place_of_row;
  const auto place = [&](std::int64_t row) {
    const auto [it, is_new] = place_of_row.emplace(row, pictures.size());
    if (is_new)
      pictures.push_back(
          PictureJson(source.items[row],
                      ReadThumbnail(source, row, options.thumbnail_side)));
    return it->second;
  };
  for (std::int64_t i = 0; i < Shown(source.result, options.pairs); ++i) {
    const BlindPair& pair = source.result.pairs[i];
    Json row = PairJson(pair, i + 1);
    row["a"] = place(pair.row_a);
    row["b"] = place(pair.row_b);
    pairs.push_back(std::move(row));
  }
  return {{"near_model", ModelTitle(source.near_manifest)},
          {"far_model", ModelTitle(source.far_manifest)},
          {"near_min", source.options.near_min},
          {"far_max", source.options.far_max},
          {"pictures", std::move(pictures)},
          {"pairs", std::move(pairs)}};
}

std::vector<GalleryFact> Facts(const GallerySource& source,
                               std::int64_t shown) {
  const MiningResult& result = source.result;
  std::vector<GalleryFact> facts = {
      {"pictures", Grouped(result.images), ""},
      {"pairs compared", Grouped(result.candidate_pairs), ""},
      {"near pairs", Grouped(result.near_pairs), ""},
      {"blind pairs", Grouped(result.blind_pairs),
       shown < result.blind_pairs ? fmt::format("{} shown", Grouped(shown))
                                  : ""},
  };
  if (result.near_pairs > 0) {
    const double share = static_cast<double>(result.blind_pairs) /
                         static_cast<double>(result.near_pairs);
    std::string range;
    if (result.blind_share_ci)
      range = fmt::format("{:.2f} to {:.2f} %, {:.0f} % interval",
                          100 * result.blind_share_ci->low,
                          100 * result.blind_share_ci->high,
                          100 * result.blind_share_ci->level);
    facts.push_back({"of near pairs are blind",
                     fmt::format("{:.2f} %", 100 * share), range});
  }
  if (result.unreadable > 0)
    facts.push_back({"pictures unreadable", Grouped(result.unreadable), ""});
  if (result.duplicates_dropped > 0)
    facts.push_back(
        {"copies left out", Grouped(result.duplicates_dropped), ""});
  return facts;
}

}  // namespace

std::string ModelTitle(const data::StoreManifest& manifest) {
  std::string name = manifest.model;
  while (name.size() > 1 && name.back() == '/') name.pop_back();
  // owner/name is a hub id; a deeper or a rooted one is a path.
  const auto slashes = std::count(name.begin(), name.end(), '/');
  if (slashes > 1 || name.starts_with('/') || name.starts_with('.'))
    name = name.substr(name.rfind('/') + 1);
  return name.empty() ? manifest.family : name;
}

void WriteGallery(const std::filesystem::path& path,
                  const GallerySource& source,
                  const GalleryOptions& options) {
  GalleryPage page;
  page.near_model = ModelTitle(source.near_manifest);
  page.far_model = ModelTitle(source.far_manifest);
  page.near_min = source.options.near_min;
  page.far_max = source.options.far_max;
  page.facts = Facts(source, Shown(source.result, options.pairs));
  page.command = options.command;
  page.data = PageData(source, options);
  WriteFileAtomic(path, RenderGalleryPage(page));
}

Json GalleryJson(const GallerySource& source, std::int64_t pairs) {
  const GalleryOptions options;
  Json data = PageData(source, {pairs, options.thumbnail_side, ""});
  for (Json& pair : data["pairs"])
    for (const char* side : {"a", "b"}) {
      const auto place = pair[side].get<std::size_t>();
      pair[side] = data["pictures"][place];
    }
  data.erase("pictures");
  return data;
}

}  // namespace eyechart::mining
