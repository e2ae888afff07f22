// What stands on the eye chart: optotypes and MMVP's nine patterns, each at
// strengths from easy to hard.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "data/image.h"

namespace eyechart::probes {

/// One line of the eye chart: a question with `classes` answers, asked at
/// falling strengths.
struct Chart {
  std::string name;               // "landolt-c", "orientation"
  std::string unit;               // of the strengths: "px", "degrees"
  bool pixels = false;            // the unit is pixels of the encoder's input
  std::vector<double> strengths;  // easy to hard, at input size 224
  std::vector<std::string> classes;  // the answers, evenly shown

  /// What blind guessing gets right.
  double guess() const { return 1 / static_cast<double>(classes.size()); }
  /// Strength of `step` in a picture of `size` pixels: lengths grow with it.
  double StrengthAt(std::size_t step, int size) const;
  /// `pictures` a step, rounded up to whole groups (one picture of each class).
  std::int64_t WholeGroups(std::int64_t pictures) const;
};

/// Every chart there is: the optotypes, then the nine patterns in their order.
std::span<const Chart> Charts();

/// The chart called `name`; throws InputError listing the names.
const Chart& FindChart(const std::string& name);

struct ChartOptions {
  /// Pictures a step for training the read-outs; rounded up to whole groups.
  /// With 192 and as many to test on, a threshold's interval is about a fifth
  /// of it wide.
  int train = 192;
  int test = 192;          // likewise to test on, from other seeds
  std::uint64_t seed = 7;  // of the pictures
  int size = 224;          // side of the pictures: the encoder's input, in px
};

/// Where a picture of the chart belongs.
struct ChartItem {
  std::size_t step = 0;
  bool test = false;
  std::int64_t group = 0;  // pictures that differ in the class alone
  std::int64_t label = 0;  // index into Chart::classes
};

/// The pictures of one chart in memory, drawn when they are read: by step, then
/// train before test, then group, then class. A set of its own seeds for
/// training and testing, the same for every step.
class ChartPictures : public data::Dataset {
 public:
  ChartPictures(const Chart& chart, const ChartOptions& options);

  std::size_t size() const override { return items_.size(); }
  const data::Item& item(std::size_t index) const override {
    return items_[index];
  }
  std::string Read(std::size_t index) const override;
  const std::string& name() const override { return name_; }

  const ChartItem& place(std::size_t index) const { return places_[index]; }
  data::Image Render(std::size_t index) const;

 private:
  const Chart& chart_;
  ChartOptions options_;
  std::string name_;
  std::vector<data::Item> items_;
  std::vector<ChartItem> places_;
};

}  // namespace eyechart::probes
