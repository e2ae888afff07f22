#include <string>
#include <utility>

#include "core/error.h"
#include "probes/multiple_choice/benchmark_builder.h"
#include "probes/multiple_choice/readers.h"
#include "probes/multiple_choice/rows.h"

namespace eyechart::multiple_choice::internal {

namespace fs = std::filesystem;

bool LooksLikeSugarCrepe(const fs::path& source) {
  return FirstRowHas(source, {"filename", "caption", "negative_caption"});
}

// The released files are objects of rows, one file a task; joined files name
// the task in each row.
Benchmark ReadSugarCrepe(const fs::path& source, const ReadOptions& options) {
  const Rows rows(source);
  BenchmarkBuilder builder("sugarcrepe", source);
  Benchmark& benchmark = builder.benchmark();
  benchmark.name = source.stem().string();
  if (!options.root.empty()) benchmark.root = options.root;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    Question item;
    const std::string task = rows.Get(i, "task");
    std::string key = rows.Get(i, "key");
    if (key.empty()) key = std::to_string(i);
    item.id = task.empty() ? key : task + "/" + key;
    item.pattern = task;
    item.options = {rows.Require(i, "caption"),
                    rows.Require(i, "negative_caption")};
    item.answer = 0;
    item.picture = builder.AddPicture(rows.Require(i, "filename"));
    builder.Add(std::move(item), rows.Number(i));
  }
  return std::move(builder).Finish();
}

}  // namespace eyechart::multiple_choice::internal
