// Trainings that several cells of a suite have in common: where what they share
// lies, and until when.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <span>
#include <string>

#include "suite/task.h"

namespace eyechart::suite {

class SharedTrainings {
 public:
  /// `cells` are all of the suite, not those alone that a filter or a shard
  /// selects; what they share lies under `folder`. `records` is the run's file
  /// of them.
  SharedTrainings(std::span<const Cell> cells,
                  std::filesystem::path folder,
                  std::filesystem::path records);

  /// Where the cell's training is shared; empty where no other cell has it.
  std::filesystem::path FolderOf(const Cell& cell) const;

  /// To be called once the cell's records stand in the file. Removes what its
  /// training has left if all cells that share it are done, by whichever
  /// process: a cell that failed, or that a filter left out, finds it later.
  /// Throws InputError where the records cannot be read.
  void Release(const Cell& cell) const;

 private:
  std::filesystem::path folder_;
  std::filesystem::path records_;
  std::map<std::string, std::set<std::string>> cells_;  // ids, by training
};

}  // namespace eyechart::suite
