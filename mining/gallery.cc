#include "mining/gallery.h"

#include <algorithm>
#include <map>

#include "core/error.h"
#include "core/files.h"
#include "core/separators.h"
#include "core/text.h"
#include "mining/gallery_page.h"
#include "mining/pair_id.h"
#include "mining/thumbnail.h"

namespace eyechart::mining {
namespace {

// Indices of the pairs that a page holds, and how many it leaves out.
struct Choice {
  std::vector<std::size_t> shown;
  std::int64_t copies = 0;         // of those shown
  std::int64_t copies_hidden = 0;  // left out before the last one shown
};

Choice ChoosePairs(const GallerySource& source,
                   std::int64_t pairs,
                   bool with_copies) {
  const std::size_t all = source.result.pairs.size();
  for (const std::size_t size : {source.patterns.size(), source.is_copy.size()})
    EYECHART_CHECK(size == 0 || size == all, "{} of {} pairs are described",
                   size, all);
  const auto is_copy = [&](std::size_t i) {
    return !source.is_copy.empty() && source.is_copy[i] != 0;
  };
  Choice choice;
  std::int64_t originals = 0;
  for (std::size_t i = 0; i < all; ++i) {
    if (pairs > 0 && originals == pairs) break;
    if (!is_copy(i)) {
      ++originals;
    } else if (with_copies && (pairs == 0 || choice.copies < pairs)) {
      ++choice.copies;
    } else {
      ++choice.copies_hidden;
      continue;
    }
    choice.shown.push_back(i);
  }
  return choice;
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

Json PairJson(const GallerySource& source, std::size_t i) {
  const BlindPair& pair = source.result.pairs[i];
  Json json = {
      {"rank", i + 1},
      {"id", PairId(source.items[pair.row_a].id, source.items[pair.row_b].id)},
      {"near", pair.near_cosine},
      {"far", pair.far_cosine},
      {"gap", pair.gap()}};
  if (!source.patterns.empty() && !source.patterns[i].empty())
    json["pattern"] = source.patterns[i];
  if (!source.is_copy.empty() && source.is_copy[i] != 0) json["copy"] = true;
  return json;
}

// Pictures by the order of their first use, and pairs that name their places.
Json PageData(const GallerySource& source,
              const GalleryOptions& options,
              const Choice& choice) {
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
  for (const std::size_t i : choice.shown) {
    const BlindPair& pair = source.result.pairs[i];
    Json row = PairJson(source, i);
    row["a"] = place(pair.row_a);
    row["b"] = place(pair.row_b);
    pairs.push_back(std::move(row));
  }
  return {{"near_model", ModelTitle(source.near_manifest)},
          {"far_model", ModelTitle(source.far_manifest)},
          {"near_min", source.result.near_min},
          {"far_max", source.result.far_max},
          {"copies_hidden", choice.copies_hidden},
          {"pictures", std::move(pictures)},
          {"pairs", std::move(pairs)}};
}

// What the list of blind pairs leaves to be asked for.
std::string Shown(const MiningResult& result, const Choice& choice) {
  const auto shown = static_cast<std::int64_t>(choice.shown.size());
  std::vector<std::string> notes;
  if (shown < result.blind_pairs)
    notes.push_back(fmt::format("{} shown", WithSeparators(shown)));
  if (choice.copies > 0)
    notes.push_back(fmt::format("{} of them {}", WithSeparators(choice.copies),
                                choice.copies == 1 ? "a copy" : "copies"));
  if (choice.copies_hidden > 0)
    notes.push_back(fmt::format("{} more {} left out",
                                WithSeparators(choice.copies_hidden),
                                choice.copies_hidden == 1 ? "copy" : "copies"));
  return fmt::format("{}", fmt::join(notes, ", "));
}

std::vector<GalleryFact> Facts(const GallerySource& source,
                               const Choice& choice) {
  const MiningResult& result = source.result;
  std::vector<GalleryFact> facts = {
      {"pictures", WithSeparators(result.images), ""},
      {"pairs compared", WithSeparators(result.candidate_pairs), ""},
      {"near pairs", WithSeparators(result.near_pairs), ""},
      {"blind pairs", WithSeparators(result.blind_pairs),
       Shown(result, choice)},
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
    facts.push_back(
        {"pictures unreadable", WithSeparators(result.unreadable), ""});
  if (result.duplicates_dropped > 0)
    facts.push_back(
        {"copies left out", WithSeparators(result.duplicates_dropped), ""});
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
  page.near_min = source.result.near_min;
  page.far_max = source.result.far_max;
  const Choice choice = ChoosePairs(source, options.pairs, true);
  page.facts = Facts(source, choice);
  page.command = options.command;
  page.figure = options.figure;
  page.data = PageData(source, options, choice);
  WriteFileAtomic(path, RenderGalleryPage(page));
}

Json GalleryJson(const GallerySource& source, std::int64_t pairs) {
  Json data = PageData(source, {}, ChoosePairs(source, pairs, false));
  for (Json& pair : data["pairs"])
    for (const char* side : {"a", "b"}) {
      const auto place = pair[side].get<std::size_t>();
      pair[side] = data["pictures"][place];
    }
  data.erase("pictures");
  return data;
}

}  // namespace eyechart::mining
