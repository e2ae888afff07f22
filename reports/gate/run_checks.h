// What is odd about a run's records.jsonl, without being an error.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace eyechart::reports {

/// Warnings, each naming the file: a last line cut short (rows are kept up to
/// there), (cell, metric) that have several results (the last counts), start
/// times that go backwards. Throws InputError as ReadRecords does.
std::vector<std::string> CheckRecords(const std::filesystem::path& run);

}  // namespace eyechart::reports
