#include "encoders/loaded_captioner.h"

#include "encoders/device.h"

namespace eyechart::encoders {

LoadedCaptioner LoadCaptioner(const ModelSpec& spec) {
  LoadedCaptioner model;
  const EncoderOptions options = EncoderOptionsOf(spec);
  model.dtype = spec.dtype;
  model.device = options.device;
  AllowTf32(ParseTf32(spec.tf32, options.device));
  model.checkpoint = OpenCheckpoint(spec.model);
  model.captioner = Captioner::Create(model.checkpoint, options);
  model.preprocess = PreprocessOf(model.checkpoint, spec);
  model.weights_sha256 = WeightsSha256(model.checkpoint);
  return model;
}

}  // namespace eyechart::encoders
