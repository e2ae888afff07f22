// Most pairs by looking into the cells where near rows lie (an inverted file):
// FAISS trains the cells and assigns rows to them; rows that look into a cell
// are compared with those in it by matrix products.
#include <ATen/Parallel.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/mm.h>
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <mutex>
#include <vector>

#include "core/error.h"
#include "core/files.h"
#include "core/hash.h"
#include "core/interrupt.h"
#include "mining/ivf_cells.h"
#include "mining/kernels.h"
#include "mining/pair_engine.h"
#include "mining/probe_choice.h"
#include "mining/probe_table.h"
#include "mining/unit_rows.h"

#ifndef _OPENMP
#error "at::parallel_for is serial in a file compiled without OpenMP"
#endif

namespace eyechart::mining {
namespace {

constexpr std::int64_t kTile = 512;
// Parts of the search that can be gone on with.
constexpr std::int64_t kUnits = 256;
constexpr std::size_t kIvfBatch = 1 << 15;

// One thread's panels, products and candidates.
struct Bench {
  explicit Bench(std::int64_t dim)
      : members(static_cast<std::size_t>(kTile * dim)),
        visitors(members.size()),
        products(static_cast<std::size_t>(kTile * kTile)) {}
  std::vector<float> members;
  std::vector<float> visitors;
  std::vector<float> products;
  std::vector<Candidate> found;
};

class FaissIvfEngine : public PairEngine {
 public:
  explicit FaissIvfEngine(const EngineOptions& options) : options_(options) {}

  std::string name() const override { return "faiss-ivf"; }
  bool exact() const override { return false; }

  std::string Plan(const FeatureRows& rows, Progress& progress) override {
    EYECHART_REQUIRE(rows.count() <= std::numeric_limits<std::int32_t>::max(),
                     "faiss-ivf takes up to {} pictures, not {}",
                     std::numeric_limits<std::int32_t>::max(), rows.count());
    report_ = {};
    if (rows.count() < 2) return "nothing";
    units_ = UnitRows::Create(rows, options_.quantizer);
    cells_ = FindCells(rows, progress);
    ProbeChoiceOptions choose;
    choose.near_min = options_.near_min;
    choose.recall = options_.recall;
    choose.seed = options_.seed;
    choice_ = ChooseProbes(rows, *cells_, choose, progress);
    progress.Note(
        fmt::format("faiss-ivf: each picture looks into {} of {} cells",
                    choice_.probes, cells_->count()));
    report_.recall = choice_.recall;
    report_.sampled_pairs = choice_.sampled_pairs;
    const std::string identity = cells_->ToBytes("");
    return fmt::format("{} probes, {}, {}", choice_.probes, options_.quantizer,
                       Sha256Hex(identity));
  }

  void Search(const FeatureRows& rows,
              const CandidateSink& sink,
              SearchLog& log,
              Progress& progress) override {
    if (rows.count() < 2) return;
    const ProbeTable table(rows, *cells_, choice_.probes, progress);
    report_.products = cells_->training_products() + choice_.products +
                       rows.count() * cells_->count() + table.products();
    const auto threshold =
        static_cast<float>(options_.near_min - CosineError(rows.dim()) -
                           units_->error() - 0x1p-23);
    const std::int64_t cells = table.cells();
    const std::int64_t units = std::min(cells, kUnits);
    progress.Begin("mining cells", cells);
    for (std::int64_t unit = 0; unit < units; ++unit) {
      const std::int64_t begin = unit * cells / units;
      const std::int64_t end = (unit + 1) * cells / units;
      if (!log.Done(unit)) {
        SearchCells(table, rows.dim(), begin, end, threshold, sink);
        log.Finish(unit);
      }
      progress.Update(end);
    }
    progress.End();
  }

  EngineReport report() const override { return report_; }

 private:
  // From the file beside the features, or trained and kept there.
  IvfCells FindCells(const FeatureRows& rows, Progress& progress) {
    IvfCellsOptions train;
    train.seed = options_.seed;
    const std::string identity =
        fmt::format("{}\n{} rows, seed {}\n", options_.identity, rows.count(),
                    options_.seed);
    if (options_.index_folder.empty())
      return IvfCells::Train(rows, train, progress);
    const std::filesystem::path path =
        options_.index_folder /
        fmt::format("ivf-{}.index", Sha256Hex(identity).substr(0, 16));
    if (std::filesystem::exists(path)) {
      if (std::optional<IvfCells> kept =
              IvfCells::FromBytes(ReadFile(path), identity);
          kept && kept->dim() == rows.dim()) {
        progress.Note(fmt::format("cells from {}", path.string()));
        return std::move(*kept);
      }
    }
    IvfCells trained = IvfCells::Train(rows, train, progress);
    try {
      WriteFileAtomic(path, trained.ToBytes(identity));
    } catch (const InputError& error) {
      progress.Note(fmt::format("the index is not kept: {}", error.what()));
    }
    return trained;
  }

  void SearchCells(const ProbeTable& table,
                   std::int64_t dim,
                   std::int64_t begin,
                   std::int64_t end,
                   float threshold,
                   const CandidateSink& sink) const {
    std::atomic<std::int64_t> next = begin;
    const std::int64_t workers =
        std::min<std::int64_t>(at::get_num_threads(), end - begin);
    at::parallel_for(0, workers, 1, [&](std::int64_t, std::int64_t) {
      Bench bench(dim);
      while (true) {
        const std::int64_t cell = next++;
        if (cell >= end) break;
        SearchCell(table, dim, cell, threshold, sink, bench);
      }
      if (!bench.found.empty()) sink(bench.found);
    });
  }

  void SearchCell(const ProbeTable& table,
                  std::int64_t dim,
                  std::int64_t cell,
                  float threshold,
                  const CandidateSink& sink,
                  Bench& bench) const {
    const auto members = table.Members(cell);
    const auto visitors = table.Visitors(cell);
    const auto matrix = [](float* values, std::int64_t n, std::int64_t k) {
      return at::from_blob(values, {n, k}, at::kFloat);
    };
    for (std::size_t left = 0; left < members.size(); left += kTile) {
      const auto columns = members.subspan(
          left, std::min<std::size_t>(kTile, members.size() - left));
      units_->Load(columns, bench.members.data());
      const auto m = static_cast<std::int64_t>(columns.size());
      for (std::size_t top = 0; top < visitors.size(); top += kTile) {
        ThrowIfInterrupted();
        const auto rows = visitors.subspan(
            top, std::min<std::size_t>(kTile, visitors.size() - top));
        units_->Load(rows, bench.visitors.data());
        const auto n = static_cast<std::int64_t>(rows.size());
        at::Tensor out = matrix(bench.products.data(), n, m);
        at::mm_out(out, matrix(bench.visitors.data(), n, dim),
                   matrix(bench.members.data(), m, dim).t());
        for (std::int64_t r = 0; r < n; ++r)
          Collect(table, rows[r], columns, bench.products.data() + r * m,
                  static_cast<std::int32_t>(cell), threshold, bench.found);
        if (bench.found.size() < kIvfBatch) continue;
        sink(bench.found);
        bench.found.clear();
      }
    }
  }

  // A pair whose rows look into each other's cells is met twice and taken from
  // the one with the lesser number.
  void Collect(const ProbeTable& table,
               std::int32_t visitor,
               std::span<const std::int32_t> members,
               const float* products,
               std::int32_t cell,
               float threshold,
               std::vector<Candidate>& found) const {
    const auto m = static_cast<std::int64_t>(members.size());
    if (CountAbove(products, m, threshold) == 0) return;
    const std::int32_t home = table.CellOf(visitor);
    for (std::int64_t c = 0; c < m; ++c) {
      const std::int32_t member = members[c];
      if (!(products[c] > threshold) || member == visitor) continue;
      const bool mutual = home == cell || table.Looks(member, home);
      if (mutual && member < visitor) continue;
      found.push_back(
          {static_cast<std::uint32_t>(std::min(visitor, member)),
           static_cast<std::uint32_t>(std::max(visitor, member)),
           units_->error() == 0 ? products[c] : Candidate::kUnknown});
    }
  }

  EngineOptions options_;
  std::unique_ptr<UnitRows> units_;
  std::optional<IvfCells> cells_;
  ProbeChoice choice_;
  EngineReport report_;
};

}  // namespace

std::unique_ptr<PairEngine> MakeFaissIvfEngine(const EngineOptions& options) {
  return std::make_unique<FaissIvfEngine>(options);
}

}  // namespace eyechart::mining
