// A model that writes, as the user names it, opened and ready to run.
#pragma once

#include <c10/core/Device.h>

#include <memory>
#include <string>

#include "data/preprocess.h"
#include "encoders/captioner.h"
#include "encoders/loaded_model.h"

namespace eyechart::encoders {

struct LoadedCaptioner {
  Checkpoint checkpoint;
  std::unique_ptr<Captioner> captioner;
  data::PreprocessOptions preprocess;
  std::string weights_sha256;
  std::string dtype;
  c10::Device device = c10::kCPU;
};

/// Opens and builds `spec`, whose pool does not matter. Throws InputError, for
/// a family that does not write among others. Sets the process's TF32 policy.
LoadedCaptioner LoadCaptioner(const ModelSpec& spec);

}  // namespace eyechart::encoders
