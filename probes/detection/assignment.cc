#include "probes/detection/assignment.h"

#include <cmath>
#include <limits>

#include "core/error.h"

namespace eyechart::detection {
namespace {

constexpr double kInfiniteCost = std::numeric_limits<double>::infinity();
constexpr std::int64_t kNone = -1;

// The state of a search on n rows and m >= n columns. Row i and column j are
// priced such that cost - row_price[i] - column_price[j] >= 0, and = 0 for
// pairs: what is paired so far is cheapest.
class Search {
 public:
  Search(std::vector<double> cost, std::int64_t n, std::int64_t m)
      : cost_(std::move(cost)),
        n_(n),
        m_(m),
        row_price_(n, 0.0),
        column_price_(m, 0.0),
        column_of_(n, kNone),
        row_of_(m, kNone),
        from_(m, kNone),
        length_(m),
        remaining_(m),
        row_seen_(n),
        column_seen_(m) {}

  // Pairs one more row; false where forbidden pairs leave it no column.
  bool Add(std::int64_t row) {
    double shortest = 0;
    const std::int64_t sink = ShortestPath(row, shortest);
    if (sink == kNone) return false;
    row_price_[row] += shortest;
    for (std::int64_t i = 0; i < n_; ++i)
      if (row_seen_[i] && i != row)
        row_price_[i] += shortest - length_[column_of_[i]];
    for (std::int64_t j = 0; j < m_; ++j)
      if (column_seen_[j]) column_price_[j] -= shortest - length_[j];
    // Along the path, each row takes the column that it was reached through.
    for (std::int64_t j = sink;;) {
      const std::int64_t i = from_[j];
      row_of_[j] = i;
      std::swap(column_of_[i], j);
      if (i == row) return true;
    }
  }

  const std::vector<std::int64_t>& column_of() const { return column_of_; }

 private:
  // Dijkstra's search over columns from `row` to the nearest free one.
  std::int64_t ShortestPath(std::int64_t row, double& shortest) {
    // From the back, so that equal costs pair in order.
    for (std::int64_t j = 0; j < m_; ++j) remaining_[j] = m_ - 1 - j;
    std::int64_t left = m_;
    row_seen_.assign(n_, 0);
    column_seen_.assign(m_, 0);
    length_.assign(m_, kInfiniteCost);
    std::int64_t i = row;
    while (true) {
      row_seen_[i] = 1;
      const double base = shortest - row_price_[i];
      const double* costs = cost_.data() + i * m_;
      double lowest = kInfiniteCost;
      std::int64_t nearest = kNone;
      for (std::int64_t k = 0; k < left; ++k) {
        const std::int64_t j = remaining_[k];
        const double reached = base + costs[j] - column_price_[j];
        if (reached < length_[j]) {
          length_[j] = reached;
          from_[j] = i;
        }
        // Of equally near ones a free column ends the search at once.
        if (length_[j] < lowest ||
            (length_[j] == lowest && row_of_[j] == kNone)) {
          lowest = length_[j];
          nearest = k;
        }
      }
      if (lowest == kInfiniteCost) return kNone;
      shortest = lowest;
      const std::int64_t j = remaining_[nearest];
      column_seen_[j] = 1;
      remaining_[nearest] = remaining_[--left];
      if (row_of_[j] == kNone) return j;
      i = row_of_[j];
    }
  }

  std::vector<double> cost_;
  std::int64_t n_;
  std::int64_t m_;
  std::vector<double> row_price_;
  std::vector<double> column_price_;
  std::vector<std::int64_t> column_of_;  // by row
  std::vector<std::int64_t> row_of_;     // by column
  std::vector<std::int64_t> from_;       // row before a column on the path
  std::vector<double> length_;           // of the path to a column
  std::vector<std::int64_t> remaining_;  // columns not seen yet
  std::vector<char> row_seen_;
  std::vector<char> column_seen_;
};

}  // namespace

Assignment CheapestAssignment(std::span<const double> cost,
                              std::int64_t rows,
                              std::int64_t columns) {
  EYECHART_CHECK(rows >= 0 && columns >= 0 &&
                     static_cast<std::int64_t>(cost.size()) == rows * columns,
                 "{} costs for {} rows of {}", cost.size(), rows, columns);
  for (std::size_t k = 0; k < cost.size(); ++k)
    EYECHART_REQUIRE(!std::isnan(cost[k]) && cost[k] != -kInfiniteCost,
                     "cost of row {}, column {} is {}; it should be a number "
                     "or infinity",
                     static_cast<std::int64_t>(k) / columns,
                     static_cast<std::int64_t>(k) % columns, cost[k]);
  const bool flipped = columns < rows;
  const std::int64_t n = flipped ? columns : rows;
  const std::int64_t m = flipped ? rows : columns;
  std::vector<double> wide(cost.begin(), cost.end());
  if (flipped)
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t j = 0; j < m; ++j) wide[i * m + j] = cost[j * n + i];
  Search search(std::move(wide), n, m);
  for (std::int64_t i = 0; i < n; ++i)
    EYECHART_REQUIRE(search.Add(i),
                     "infinite costs leave no pairing of {} rows with {} "
                     "columns",
                     rows, columns);
  Assignment found;
  if (!flipped) {
    for (std::int64_t i = 0; i < n; ++i) {
      found.rows.push_back(i);
      found.columns.push_back(search.column_of()[i]);
    }
    return found;
  }
  std::vector<std::int64_t> column_of(rows, kNone);
  for (std::int64_t i = 0; i < n; ++i) column_of[search.column_of()[i]] = i;
  for (std::int64_t i = 0; i < rows; ++i) {
    if (column_of[i] == kNone) continue;
    found.rows.push_back(i);
    found.columns.push_back(column_of[i]);
  }
  return found;
}

}  // namespace eyechart::detection
