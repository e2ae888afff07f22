#include "encoders/registry.h"

#include <fmt/ranges.h>

#include <array>
#include <filesystem>
#include <vector>

#include "core/error.h"
#include "core/text.h"
#include "encoders/aimv2.h"
#include "encoders/aimv2_text.h"
#include "encoders/clip.h"
#include "encoders/clip_text.h"
#include "encoders/dinov2.h"
#include "encoders/exported.h"
#include "encoders/florence2.h"
#include "encoders/florence2_vision.h"
#include "encoders/hiera.h"
#include "encoders/siglip.h"
#include "encoders/siglip_text.h"

namespace eyechart::encoders {
namespace {

constexpr std::array kFamilies = {
    Family{"aimv2", "AIMv2: lit's two towers, or an image tower alone",
           &MakeAimv2ImageEncoder, &MakeAimv2TextEncoder, nullptr,
           &ReadLastAimv2Blocks},
    Family{"aimv2_vision_model", "AIMv2's image tower alone",
           &MakeAimv2ImageEncoder, nullptr, nullptr, &ReadLastAimv2Blocks},
    Family{"clip", "CLIP, image and text towers", &MakeClipImageEncoder,
           &MakeClipTextEncoder, nullptr, &ReadLastClipBlocks},
    Family{"clip_vision_model", "CLIP's image tower alone",
           &MakeClipImageEncoder, nullptr, nullptr, &ReadLastClipBlocks},
    Family{"metaclip_2", "MetaCLIP 2, image and text towers",
           &MakeClipImageEncoder, &MakeClipTextEncoder, nullptr,
           &ReadLastClipBlocks},
    Family{"metaclip_2_vision_model", "MetaCLIP 2's image tower alone",
           &MakeClipImageEncoder, nullptr, nullptr, &ReadLastClipBlocks},
    Family{"siglip", "SigLIP and fixed-size SigLIP 2, image and text towers",
           &MakeSiglipImageEncoder, &MakeSiglipTextEncoder, nullptr,
           &ReadLastSiglipBlocks},
    Family{"siglip_vision_model", "SigLIP's image tower alone",
           &MakeSiglipImageEncoder, nullptr, nullptr, &ReadLastSiglipBlocks},
    Family{"dinov2", "DINOv2 without registers", &MakeDinov2Encoder, nullptr,
           nullptr, &ReadLastDinov2Blocks},
    Family{"dinov2_with_registers", "DINOv2 with registers", &MakeDinov2Encoder,
           nullptr, nullptr, &ReadLastDinov2Blocks},
    Family{"exported",
           "a TorchScript file or AOTInductor package with an "
           "eyechart.json",
           &MakeExportedEncoder, nullptr},
    Family{"florence2",
           "Florence-2: the vision tower, DaViT, and answers in words",
           &MakeFlorence2VisionEncoder, nullptr, &MakeFlorence2Captioner},
    Family{"florence_vision", "Florence-2's vision tower alone",
           &MakeFlorence2VisionEncoder, nullptr},
    Family{"hiera", "Hiera, the trunk of SAM 2", &MakeHieraEncoder, nullptr},
};

// Model types near to a family that would be read wrongly as that family.
struct RefusedType {
  std::string_view model_type;
  std::string_view why;
};

constexpr std::string_view kNaFlex =
    "SigLIP 2 NaFlex is not supported; the fixed-size siglip2 checkpoints "
    "(model_type siglip) are";
constexpr std::array kRefused = {
    RefusedType{"siglip2", kNaFlex},
    RefusedType{"siglip2_vision_model", kNaFlex},
};

}  // namespace

std::span<const Family> Families() { return kFamilies; }

const Family& FindFamily(const Checkpoint& checkpoint) {
  // A config.json may say so too, but has none of what a program needs.
  const std::filesystem::path config_source(checkpoint.config_source);
  EYECHART_REQUIRE(checkpoint.model_type != kExportedFamily ||
                       config_source.filename() == kExportedConfig,
                   "{}: \"model_type\" is {}; such a model is a folder with "
                   "an {}, without which {} was opened",
                   checkpoint.config_source, checkpoint.model_type,
                   kExportedConfig, checkpoint.folder.string());
  std::vector<std::string> names;
  for (const Family& family : kFamilies) {
    if (family.model_type == checkpoint.model_type) return family;
    names.emplace_back(family.model_type);
  }
  for (const RefusedType& refused : kRefused)
    EYECHART_REQUIRE(refused.model_type != checkpoint.model_type,
                     "{}: \"model_type\" is {}: {}", checkpoint.config_source,
                     checkpoint.model_type, refused.why);
  ThrowInput(
      "{}: \"model_type\" {} is not a family that eyechart knows{}; "
      "known are {}",
      checkpoint.config_source, checkpoint.model_type,
      DidYouMean(checkpoint.model_type, names), fmt::join(names, ", "));
}

}  // namespace eyechart::encoders
