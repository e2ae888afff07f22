// The folder of `detect train` as a run folder, so that reports read it.
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/record.h"
#include "suite/detect_pipeline.h"

namespace eyechart::suite {

/// What differs from the defaults of a job, by the names that task `detect` has
/// for it, else the command's: a cell's setting. What makes no other figures
/// (batch, bootstrap, workers) is not in it.
std::map<std::string, std::string> DetectSetting(const DetectJob& job);

/// One result in a folder: detect.json and what stands beside it.
struct DetectPoint {
  std::filesystem::path folder;
  std::vector<Record> records;  // of one cell
};

/// Whether `path` is there. Throws InputError where the disk cannot tell.
bool IsThere(const std::filesystem::path& path);

/// Throws InputError where `folder` holds a run of `eyechart run` or `bench`,
/// whose records are not to be replaced.
void RequireDetectFolder(const std::filesystem::path& folder);

/// Writes records.jsonl, artifacts/CELL/ with copies of detect.json,
/// errors.json and log.csv, and outcomes/CELL.csv of the points into `folder`,
/// and environment.json: `environment`, with `command`, which repeats the run.
/// Where a point was made in another environment and that one's file is there,
/// it stays, and ours is environment-HASH.json. Throws InputError.
void WriteDetectFolder(const std::filesystem::path& folder,
                       std::span<const DetectPoint> points,
                       const Json& environment,
                       const std::string& command);

}  // namespace eyechart::suite
