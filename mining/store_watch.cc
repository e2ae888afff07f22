#include "mining/store_watch.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include "core/error.h"
#include "core/files.h"

namespace eyechart::mining {

std::string StoreWatch::StateOf(const std::filesystem::path& path) {
  struct stat s {};
  if (::stat(path.c_str(), &s) != 0) return "";
  return fmt::format("{}:{} {} {}.{:09}", s.st_dev, s.st_ino, s.st_size,
                     s.st_mtim.tv_sec, s.st_mtim.tv_nsec);
}

StoreWatch::StoreWatch(const data::FeatureStore& store) {
  const auto watch = [&](const std::string& name) {
    const std::filesystem::path path = store.folder() / name;
    files_.push_back({path, StateOf(path)});
  };
  watch("manifest.json");
  watch("items.csv");
  identity_ = ReadFile(store.folder() / "manifest.json");
  for (const data::StoreShard& shard : store.manifest().shards) {
    watch(shard.file);
    if (shard.sha256.empty()) identity_ += files_.back().state;
  }
}

void StoreWatch::Check() const {
  for (const Entry& entry : files_)
    EYECHART_REQUIRE(
        StateOf(entry.path) == entry.state,
        "{}: changed while it was being mined; what was found is void: mine "
        "again when nothing writes the store",
        entry.path.string());
}

}  // namespace eyechart::mining
