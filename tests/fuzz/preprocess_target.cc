// preprocessor_config.json and processor_config.json, and pictures prepared as
// they say.
#include <cstdint>

#include "core/error.h"
#include "data/preprocess.h"
#include "tests/fuzz/input_folder.h"
#include "tests/fuzz/target.h"

namespace eyechart::fuzz {

bool Reads(const std::string& input) {
  static InputFolder folder(
      {"preprocessor_config.json", "processor_config.json"});
  folder.Fill(input);
  data::Image image{7, 5, {}};
  image.pixels.assign(7 * 5 * 3, 128);
  try {
    data::PreprocessOptions options =
        data::ReadPreprocess(folder.path(), "clip");
    data::PreprocessSha256(options);
    // What a large input costs is not the question here.
    constexpr int kMost = 256;
    options.decode.max_pixels = kMost * kMost;
    if (options.center_crop &&
        std::int64_t{options.crop_height} * options.crop_width > kMost * kMost)
      return true;
    data::Preprocess(image, options);
    return true;
  } catch (const InputError&) {
    return false;
  }
}

std::vector<std::string> Seeds() {
  return {Joined({R"({"image_processor_type":"CLIPImageProcessor",)"
                  R"("do_resize":true,"size":{"shortest_edge":24},)"
                  R"("resample":3,"do_center_crop":true,"crop_size":20,)"
                  R"("do_rescale":true,"rescale_factor":0.00392156862745098,)"
                  R"("do_normalize":true,"image_mean":[0.5,0.4,0.3],)"
                  R"("image_std":[0.2,0.3,0.25],"do_convert_rgb":true})"}),
          Joined({R"({"feature_extractor_type":"ViTFeatureExtractor",)"
                  R"("size":[16,24],"image_mean":0.5,"image_std":0.5})"}),
          Joined({R"({"size":{"max_height":30,"max_width":20},)"
                  R"("crop_size":{"height":9,"width":11}})"}),
          Joined({"", R"({"image_processor":{"image_processor_type":)"
                      R"("SiglipImageProcessor","size":{"height":8,)"
                      R"("width":9}}})"})};
}

}  // namespace eyechart::fuzz
