// Every pair by FAISS's flat index: a second opinion for the exact engine.
#include <faiss/IndexFlat.h>
#include <faiss/impl/AuxIndexStructures.h>
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "core/interrupt.h"
#include "mining/kernels.h"
#include "mining/pair_engine.h"

namespace eyechart::mining {
namespace {

// Rows of an index at a time, and queries at a time. FAISS holds the results
// of a search twice, 12 bytes each: 4096 x 512 of them, were all near, are
// 48 MiB.
constexpr std::int64_t kIndexRows = 4096;
constexpr std::int64_t kQueryRows = 512;

class FaissFlatEngine : public PairEngine {
 public:
  explicit FaissFlatEngine(const EngineOptions& options) : options_(options) {}

  std::string name() const override { return "faiss-flat"; }
  bool exact() const override { return true; }

  std::string Plan(const FeatureRows&, Progress&) override {
    return fmt::format("panels of {}", kIndexRows);
  }

  void Search(const FeatureRows& rows,
              const CandidateSink& sink,
              SearchLog& log,
              Progress& progress) override {
    const std::int64_t n = rows.count();
    const std::int64_t dim = rows.dim();
    const std::int64_t panels = (n + kIndexRows - 1) / kIndexRows;
    progress.Begin("mining panels", panels);
    std::vector<float> values(
        static_cast<std::size_t>(std::min(n, kIndexRows) * dim));
    for (std::int64_t left = 0; left < n; left += kIndexRows) {
      if (log.Done(left / kIndexRows)) continue;
      const std::int64_t right = std::min(left + kIndexRows, n);
      rows.ReadNormalised(left, right - left, values.data());
      faiss::IndexFlatIP index(dim);
      index.add(right - left, values.data());
      // Queries up to the panel's end: the other half of the square mirrors it.
      for (std::int64_t top = 0; top < right; top += kQueryRows) {
        ThrowIfInterrupted();
        const std::int64_t bottom = std::min(top + kQueryRows, right);
        rows.ReadNormalised(top, bottom - top, values.data());
        Query(index, values.data(), top, bottom - top, left, dim, sink);
      }
      log.Finish(left / kIndexRows);
      progress.Update(left / kIndexRows + 1);
    }
    progress.End();
  }

 private:
  void Query(const faiss::IndexFlatIP& index,
             const float* queries,
             std::int64_t top,
             std::int64_t count,
             std::int64_t left,
             std::int64_t dim,
             const CandidateSink& sink) {
    faiss::RangeSearchResult result(static_cast<std::size_t>(count));
    // One more half-ulp than the bound: the threshold itself is rounded.
    const auto threshold =
        static_cast<float>(options_.near_min - CosineError(dim) - 0x1p-23);
    index.range_search(count, queries, threshold, &result);
    found_.clear();
    for (std::int64_t q = 0; q < count; ++q) {
      for (std::size_t k = result.lims[q]; k < result.lims[q + 1]; ++k) {
        const std::int64_t second = left + result.labels[k];
        if (second > top + q)
          found_.push_back({static_cast<std::uint32_t>(top + q),
                            static_cast<std::uint32_t>(second),
                            result.distances[k]});
      }
    }
    if (!found_.empty()) sink(found_);
  }

  EngineOptions options_;
  std::vector<Candidate> found_;
};

}  // namespace

std::unique_ptr<PairEngine> MakeFaissFlatEngine(const EngineOptions& options) {
  return std::make_unique<FaissFlatEngine>(options);
}

}  // namespace eyechart::mining
