// What a result of `detect` depends on, so that one that is there already need
// not be made again.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/record.h"
#include "encoders/loaded_model.h"
#include "suite/detect_pipeline.h"

namespace eyechart::suite {

/// All that the result depends on, but for the set and the device. Throws
/// InputError for a model whose input has no fixed size.
Json DetectIdentity(const encoders::LoadedModel& model, const DetectJob& job);

/// What depends on the set: mended labels and pictures that turn up are not to
/// be taken for done.
Json DetectSetIdentity(const detection::TransferSets& sets,
                       const data::BoxOptions& options);

/// What stands in `folder`/detect.json where `folder`/`name` says that it is
/// the result of `identity`; no state of a training is left beside it then.
/// Nothing where another command has written detect.json since. `records`,
/// where asked for, gets those that MarkDone was given. Throws InputError for a
/// file that is no JSON or cannot be read.
std::optional<Json> FindDone(const std::filesystem::path& folder,
                             const std::string& name,
                             const Json& identity,
                             std::vector<Record>* records = nullptr);

/// Removes both, before the result is made anew, and what a finished run has
/// left of its training's state; an interrupted run's stays.
void ForgetDone(const std::filesystem::path& folder, const std::string& name);

/// Writes `folder`/`name`, last of all that a run makes: where it stands, the
/// rest does. It holds `identity`, the SHA-256 of what detect.json says but for
/// its "comparison", which a later run may add, and `records`: records.jsonl
/// may become a curve's. Then the training's state is removed. Throws
/// InputError.
void MarkDone(const std::filesystem::path& folder,
              const std::string& name,
              const Json& identity,
              std::span<const Record> records = {});

}  // namespace eyechart::suite
