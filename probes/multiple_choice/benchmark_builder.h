// What the readers of all benchmarks share: checks, pairs, order.
#pragma once

#include <map>
#include <string>

#include "probes/multiple_choice/benchmark.h"

namespace eyechart::multiple_choice {

/// Collects items and ends as a checked benchmark.
class BenchmarkBuilder {
 public:
  /// `source` is the file with the questions; it is hashed.
  BenchmarkBuilder(std::string kind, const std::filesystem::path& source);

  Benchmark& benchmark() { return benchmark_; }

  /// The index of the picture at `path`, added if new; `id` empty: the path.
  std::size_t AddPicture(const std::string& path, const std::string& id = "");

  /// Adds `item`; `row` (of the source, from 1) is named in errors. Throws
  /// InputError for an empty or repeated id and options without an answer.
  void Add(Question item, std::size_t row);

  /// Joins pairs and puts patterns into the order of reports. Throws InputError
  /// where there is no item, a pair has not exactly two items or two patterns.
  Benchmark Finish() &&;

 private:
  std::string Where(std::size_t row) const;

  Benchmark benchmark_;
  std::map<std::string, std::size_t> picture_of_path_;
  std::map<std::string, std::size_t> row_of_id_;
};

/// Throws InputError that names the first pictures that are not there and says
/// how many there are.
void RequirePictures(const Benchmark& benchmark);

/// `folder`/`stem`.EXT under `root`, the extension found among jpg, jpeg and
/// png in either case; jpg where no file is there.
std::string PicturePath(const std::filesystem::path& root,
                        const std::string& folder,
                        const std::string& stem);

/// The folder of `parent` whose name equals one of `names` but for case,
/// blanks and underscores; empty: none.
std::string FolderLike(const std::filesystem::path& parent,
                       const std::vector<std::string>& names);

}  // namespace eyechart::multiple_choice
