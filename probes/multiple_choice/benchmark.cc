#include "probes/multiple_choice/benchmark.h"

#include <algorithm>
#include <utility>

#include "data/picture_list.h"

namespace eyechart::multiple_choice {

bool Benchmark::has_statements() const {
  return 2 * pairs.size() == items.size() &&
         std::none_of(items.begin(), items.end(), [](const Question& item) {
           return item.statement.empty();
         });
}

bool Benchmark::has_options() const {
  return std::none_of(items.begin(), items.end(), [](const Question& item) {
    return item.options.empty();
  });
}

std::string OptionMark(int option) {
  return {'(', static_cast<char>('a' + option), ')'};
}

std::unique_ptr<data::Dataset> BenchmarkPictures(const Benchmark& benchmark) {
  std::vector<data::Item> items;
  items.reserve(benchmark.pictures.size());
  for (const Picture& picture : benchmark.pictures)
    items.push_back({picture.id, picture.path, ""});
  return data::PictureList(benchmark.name, benchmark.source.string(),
                           benchmark.root, std::move(items));
}

}  // namespace eyechart::multiple_choice
