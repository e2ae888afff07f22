#include <string>
#include <utility>

#include "core/error.h"
#include "probes/multiple_choice/benchmark_builder.h"
#include "probes/multiple_choice/readers.h"
#include "probes/multiple_choice/rows.h"

namespace eyechart::multiple_choice::internal {

namespace fs = std::filesystem;

bool LooksLikeCaptionPairs(const fs::path& source) {
  return FirstRowHas(source, {"caption_0", "caption_1", "image_0", "image_1"});
}

// No prompt: Winoground's captions are used as they are.
Benchmark ReadCaptionPairs(const fs::path& source, const ReadOptions& options) {
  const Rows rows(source);
  BenchmarkBuilder builder("winoground", source);
  Benchmark& benchmark = builder.benchmark();
  benchmark.name = source.stem().string();
  if (!options.root.empty()) benchmark.root = options.root;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string pair = rows.Require(i, "id");
    for (const char* side : {"0", "1"}) {
      Question item;
      item.id = pair + "_" + side;
      item.pair = pair;
      item.pattern = rows.Get(i, "tag");
      item.statement = rows.Require(i, std::string("caption_") + side);
      std::string image = rows.Require(i, std::string("image_") + side);
      // Winoground names its pictures without their extension.
      if (fs::path(image).extension().empty())
        image = PicturePath(benchmark.root, "", image);
      item.picture = builder.AddPicture(image);
      builder.Add(std::move(item), rows.Number(i));
    }
  }
  return std::move(builder).Finish();
}

}  // namespace eyechart::multiple_choice::internal
