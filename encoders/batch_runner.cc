#include "encoders/batch_runner.h"

#include <c10/util/Exception.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "core/error.h"

namespace eyechart::encoders {

BatchRunner::BatchRunner(BatchEngine& engine, const BatchRunnerOptions& options)
    : engine_(engine), options_(options), batch_(options.batch) {
  EYECHART_CHECK(batch_ > 0, "batch {}", batch_);
}

void BatchRunner::Submit(const at::Tensor& pixels, Sink sink) {
  const std::int64_t total = pixels.size(0);
  for (std::int64_t first = 0; first < total;) {
    const std::int64_t count = std::min(batch_, total - first);
    std::optional<std::string> shortage;
    try {
      engine_.Start(count == total ? pixels : pixels.narrow(0, first, count));
    } catch (const c10::OutOfMemoryError& error) {
      const std::string text = error.what_without_backtrace();
      shortage = text.substr(0, text.find('\n'));
    }
    // Outside the handler: the exception may keep memory alive.
    if (shortage) {
      Halve(count, pixels, *shortage);
      continue;
    }
    entries_.push_back({sink, first, pixels, nullptr});
    ++under_way_;
    first += count;
    HandOut(engine_.ahead());
  }
}

void BatchRunner::Then(std::function<void()> action) {
  entries_.push_back({nullptr, 0, at::Tensor(), std::move(action)});
  HandOut(under_way_);
}

void BatchRunner::Finish() { HandOut(0); }

// Hands out from the oldest on, until `remaining` batches are under way and an
// action does not stand first.
void BatchRunner::HandOut(int remaining) {
  while (!entries_.empty() &&
         (under_way_ > remaining || entries_.front().action)) {
    Entry entry = std::move(entries_.front());
    entries_.pop_front();
    if (entry.action) {
      entry.action();
      continue;
    }
    --under_way_;
    const Features features = engine_.Finish();
    entry.pixels.reset();
    entry.sink(features, entry.first);
  }
}

void BatchRunner::Halve(std::int64_t count,
                        const at::Tensor& pixels,
                        const std::string& reason) {
  EYECHART_REQUIRE(count > 1,
                   "{}: out of memory with a single picture of {} x {} pixels "
                   "({}); a smaller --resolution, --dtype bf16, or a device "
                   "with more free memory would help",
                   options_.device, pixels.size(2), pixels.size(3), reason);
  // What is under way holds memory too, and the engine's cache may be cut up.
  HandOut(0);
  engine_.ReleaseMemory();
  batch_ = count / 2;
}

std::vector<std::string> BatchRunner::Warnings() const {
  std::vector<std::string> warnings;
  if (batch_ < options_.batch)
    warnings.push_back(
        fmt::format("{}: out of memory with --batch {}; it was halved to {}",
                    options_.device, options_.batch, batch_));
  const std::string note = engine_.note();
  if (!note.empty()) warnings.push_back(options_.device + ": " + note);
  return warnings;
}

}  // namespace eyechart::encoders
