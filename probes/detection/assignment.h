// The cheapest pairing of rows with columns.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace eyechart::detection {

/// Pairs (rows[i], columns[i]), rows ascending: min(rows, columns) of them.
struct Assignment {
  std::vector<std::int64_t> rows;
  std::vector<std::int64_t> columns;
};

/// The pairing with the least sum of `cost` (rows x columns, row-major): every
/// row has a column of its own, or every column a row where there are fewer.
/// Infinity forbids a pair. Where several pairings cost the same, one of them.
/// O(n^2 m) for n <= m, the two sides in order of size.
/// Throws InputError for NaN and -infinity, naming the place, and where the
/// forbidden pairs leave no pairing: as scipy.optimize.linear_sum_assignment.
/// Source: Crouse 2016, "On implementing 2D rectangular assignment
/// algorithms" (shortest augmenting paths, after Jonker and Volgenant 1987).
Assignment CheapestAssignment(std::span<const double> cost,
                              std::int64_t rows,
                              std::int64_t columns);

}  // namespace eyechart::detection
