// A run folder as `eyechart run` leaves it (design §4, "Run folder").
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/record.h"

namespace eyechart::reports {

/// What a report reads of a run.
struct RunFolder {
  std::filesystem::path path;
  std::string name;  // last component of the path
  /// The records that count, in the file's order: of each (cell, metric) the
  /// last one, for a resumed run appends. An error of a whole cell (without a
  /// metric) takes the place of the cell's records before it, and stands only
  /// while no ok record of its cell follows.
  std::vector<Record> records;
  Json environment;  // environment.json; null where there is none
  /// artifacts/<CellSlug(cell)>/gallery.json of the cells that have one.
  std::map<std::string, Json> galleries;
  /// artifacts/<CellSlug(cell)>/acuity.json of the cells that have one.
  std::map<std::string, Json> acuities;
  /// artifacts/<CellSlug(cell)>/probe.json of the cells that have one.
  std::map<std::string, Json> probes;
  /// artifacts/<CellSlug(cell)>/detect.json and errors.json.
  std::map<std::string, Json> detections;
  std::map<std::string, Json> detection_errors;
  /// artifacts/<CellSlug(cell)>/nms_sweep.json of the cells that have one.
  std::map<std::string, Json> nms_sweeps;
};

/// Reads the folder. Throws InputError where it does not exist, holds no
/// records.jsonl, or where a file of it cannot be parsed.
RunFolder ReadRunFolder(const std::filesystem::path& path);

}  // namespace eyechart::reports
