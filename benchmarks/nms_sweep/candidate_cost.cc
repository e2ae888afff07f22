#include "benchmarks/nms_sweep/candidate_cost.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "core/random.h"

namespace eyechart::benchmarks {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

using Three = std::array<double, 3>;

// Sums of x^0 ... x^4, y, x y, x^2 y and y^2, x in parts of the largest n so
// that the equations stay well conditioned.
struct Moments {
  std::array<double, 5> x{};
  Three xy{};
  double yy = 0;

  void Add(const Moments& other) {
    for (std::size_t i = 0; i < x.size(); ++i) x[i] += other.x[i];
    for (std::size_t i = 0; i < xy.size(); ++i) xy[i] += other.xy[i];
    yy += other.yy;
  }
};

// Cholesky of the normal equations; none where they are singular.
std::optional<Three> Solve(const Moments& m) {
  std::array<Three, 3> l{};
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = m.x[i + j];
      for (std::size_t k = 0; k < j; ++k) sum -= l[i][k] * l[j][k];
      if (i == j) {
        // Written so that NaN fails.
        if (!(sum > 1e-12 * m.x[i + j])) return std::nullopt;
        l[i][i] = std::sqrt(sum);
      } else {
        l[i][j] = sum / l[j][j];
      }
    }
  Three b = m.xy;
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t k = 0; k < i; ++k) b[i] -= l[i][k] * b[k];
    b[i] /= l[i][i];
  }
  for (std::size_t i = 3; i-- > 0;) {
    for (std::size_t k = i + 1; k < 3; ++k) b[i] -= l[k][i] * b[k];
    b[i] /= l[i][i];
  }
  return b;
}

class Points {
 public:
  explicit Points(std::span<const CostPoint> points) {
    std::set<double> sizes;
    for (const CostPoint& point : points) sizes.insert(point.boxes);
    enough_ = sizes.size() >= 3;
    if (!enough_) return;
    unit_ = *sizes.rbegin();
    std::map<std::size_t, Moments> by_picture;
    for (const CostPoint& point : points) {
      Moments& m = by_picture[point.picture];
      double power = 1;
      for (std::size_t i = 0; i < m.x.size(); ++i, power *= point.boxes / unit_)
        m.x[i] += power;
      power = 1;
      for (double& sum : m.xy) {
        sum += power * point.ns;
        power *= point.boxes / unit_;
      }
      m.yy += point.ns * point.ns;
    }
    for (const auto& [picture, m] : by_picture) {
      pictures_.push_back(m);
      all_.Add(m);
    }
  }

  std::optional<Three> Fit() const {
    return enough_ ? Unscaled(all_) : std::nullopt;
  }

  // Fits of draws of the pictures; a draw without three numbers of boxes gives
  // none.
  std::vector<Three> Draws(const CostOptions& options) const {
    std::vector<Three> fits;
    if (pictures_.size() < 2) return fits;
    for (int draw = 0; draw < options.resamples; ++draw) {
      Random random(options.seed, static_cast<std::uint64_t>(draw));
      Moments sum;
      for (std::size_t i = 0; i < pictures_.size(); ++i)
        sum.Add(pictures_[random.Below(pictures_.size())]);
      if (const auto fit = Unscaled(sum)) fits.push_back(*fit);
    }
    return fits;
  }

 private:
  std::optional<Three> Unscaled(const Moments& m) const {
    auto fit = Solve(m);
    if (fit) {
      (*fit)[1] /= unit_;
      (*fit)[2] /= unit_ * unit_;
    }
    return fit;
  }

  bool enough_ = false;
  double unit_ = 1;
  std::vector<Moments> pictures_;
  Moments all_;
};

std::optional<Interval> Percentiles(std::vector<double> values, double level) {
  if (values.empty()) return std::nullopt;
  std::sort(values.begin(), values.end());
  const auto n = static_cast<double>(values.size());
  const double tail = (1 - level) / 2;
  const auto at = [&](double share) {
    const auto i = static_cast<std::size_t>(std::floor(share * n));
    return values[std::min(i, values.size() - 1)];
  };
  return Interval{at(tail), at(1 - tail), level, "bootstrap over pictures"};
}

// The least n >= 0 with fit(n) = ns from below; infinity where there is none.
double Reaches(const Three& fit, double ns) {
  const double missing = ns - fit[0];
  if (missing <= 0) return 0;
  if (fit[2] == 0) return fit[1] > 0 ? missing / fit[1] : kInfinity;
  const double inside = fit[1] * fit[1] + 4 * fit[2] * missing;
  if (inside < 0) return kInfinity;
  // The form that does not cancel; for a falling end its first crossing.
  const double below = fit[1] + std::sqrt(inside);
  return below > 0 ? 2 * missing / below : kInfinity;
}

}  // namespace

std::optional<CostFit> FitCost(std::span<const CostPoint> points,
                               const CostOptions& options) {
  const Points gathered(points);
  const auto fitted = gathered.Fit();
  if (!fitted) return std::nullopt;
  const std::vector<Three> draws = gathered.Draws(options);
  CostFit fit;
  const std::array<CostFigure*, 3> figures = {&fit.constant, &fit.linear,
                                              &fit.quadratic};
  for (std::size_t i = 0; i < figures.size(); ++i) {
    std::vector<double> values;
    for (const Three& draw : draws) values.push_back(draw[i]);
    *figures[i] = {(*fitted)[i], Percentiles(std::move(values), options.level)};
  }
  fit.points = static_cast<std::int64_t>(points.size());
  fit.least_boxes = fit.most_boxes = points.front().boxes;
  const auto n = static_cast<double>(points.size());
  double mean = 0, squares = 0, around_mean = 0;
  for (const CostPoint& point : points) mean += point.ns / n;
  for (const CostPoint& point : points) {
    fit.least_boxes = std::min(fit.least_boxes, point.boxes);
    fit.most_boxes = std::max(fit.most_boxes, point.boxes);
    squares += std::pow(point.ns - fit.At(point.boxes), 2);
    around_mean += std::pow(point.ns - mean, 2);
  }
  fit.residual_ns = std::sqrt(squares / n);
  fit.explained = around_mean > 0 ? 1 - squares / around_mean : 1;
  return fit;
}

std::optional<CostFigure> BoxesAt(std::span<const CostPoint> points,
                                  double ns,
                                  const CostOptions& options) {
  const Points gathered(points);
  const auto fitted = gathered.Fit();
  if (!fitted) return std::nullopt;
  const double boxes = Reaches(*fitted, ns);
  if (!std::isfinite(boxes)) return std::nullopt;
  std::vector<double> values;
  for (const Three& draw : gathered.Draws(options))
    values.push_back(Reaches(draw, ns));
  return CostFigure{boxes, Percentiles(std::move(values), options.level)};
}

}  // namespace eyechart::benchmarks
