// What a result of `detect` depends on, so that one that is there already need
// not be made again.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "core/json.h"
#include "encoders/loaded_model.h"
#include "suite/detect_pipeline.h"

namespace eyechart::suite {

/// All that the result depends on, but for the set and the device.
Json DetectIdentity(const encoders::LoadedModel& model, const DetectJob& job);

/// What depends on the set: mended labels and pictures that turn up are not to
/// be taken for done.
Json DetectSetIdentity(const detection::TransferSets& sets,
                       const data::BoxOptions& options);

/// What stands in `folder`/detect.json where `folder`/`name` holds `identity`.
/// Throws InputError for a file that is no JSON.
std::optional<Json> FindDone(const std::filesystem::path& folder,
                             const std::string& name,
                             const Json& identity);

/// Removes both, before the result is made anew.
void ForgetDone(const std::filesystem::path& folder, const std::string& name);

}  // namespace eyechart::suite
