// Single steps of training-time augmentation for the parity tests.
//
//   augment_probe < JOBS.json
//
// JOBS is {"pictures": [{"width", "height", "pixels"}], "cases": [...]}, pixels
// as hexadecimal RGB. Prints the list of results, a picture (or what is said)
// for each case:
//   ["flip" | "autocontrast" | "equalize" | "invert", PICTURE]
//   ["posterize" | "solarize" | "solarize_add", PICTURE, INTEGER]
//   ["brightness" | "contrast" | "saturation" | "sharpness" | "hue", PICTURE,
//    AMOUNT]
//   ["rotate" | "shear_x" | "shear_y" | "translate_x" | "translate_y", PICTURE,
//    AMOUNT, FILTER, [R, G, B]]
//   ["affine", PICTURE, [A, B, C, D, E, F], FILTER, [R, G, B]]
//   ["op", PICTURE, NAME, LEVEL, SIGN, FILTER, [R, G, B]]
//   ["crop", WIDTH, HEIGHT, OPTIONS, SEED, STREAM] -> [left, top, right,
//   bottom]
//   ["augment", PICTURE, OPTIONS, MEAN, STDDEV, SEED, STREAM]
//     -> {"plan", "fill", "picture", "values": hexadecimal float32}
// PICTURE is an index, FILTER Pillow's number. OPTIONS are fields of
// AugmentOptions, with "recipe": "dino" or "aim" to start from.
#include <cstdio>
#include <exception>
#include <iostream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/json.h"
#include "core/random.h"
#include "data/affine.h"
#include "data/augment.h"
#include "data/picture_ops.h"
#include "data/rand_augment.h"

namespace eyechart::data {
namespace {

std::string Hex(const void* data, std::size_t size) {
  constexpr char kDigits[] = "0123456789abcdef";
  const auto* bytes = static_cast<const unsigned char*>(data);
  std::string text;
  text.reserve(size * 2);
  for (std::size_t i = 0; i < size; ++i) {
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 15];
  }
  return text;
}

Image ImageOf(const Json& json) {
  Image image{json.at("width").get<int>(), json.at("height").get<int>(), {}};
  const auto& text = json.at("pixels").get_ref<const std::string&>();
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    image.pixels.push_back(
        static_cast<std::uint8_t>(digit(text[i]) * 16 + digit(text[i + 1])));
  EYECHART_REQUIRE(image.pixels.size() ==
                       static_cast<std::size_t>(image.width) * image.height * 3,
                   "a picture of {} bytes", image.pixels.size());
  return image;
}

Json ToJson(const Image& image) {
  return {{"width", image.width},
          {"height", image.height},
          {"pixels", Hex(image.pixels.data(), image.pixels.size())}};
}

Filter FilterOf(const Json& number) {
  return static_cast<Filter>(number.get<int>());
}

Warp WarpOf(const Json& row, std::size_t at) {
  return {FilterOf(row.at(at)),
          row.at(at + 1).get<std::array<std::uint8_t, 3>>()};
}

AugmentOptions OptionsOf(const Json& json) {
  AugmentOptions o;
  const std::string recipe = json.value("recipe", "");
  if (recipe == "dino") o = DinoLinearAugment(224);
  if (recipe == "aim") o = AimAttentiveAugment(224);
  o.height = json.value("height", o.height);
  o.width = json.value("width", o.width);
  o.scale_min = json.value("scale_min", o.scale_min);
  o.scale_max = json.value("scale_max", o.scale_max);
  o.ratio_min = json.value("ratio_min", o.ratio_min);
  o.ratio_max = json.value("ratio_max", o.ratio_max);
  if (json.contains("filter")) o.filter = FilterOf(json["filter"]);
  o.flip_probability = json.value("flip", o.flip_probability);
  o.jitter.brightness = json.value("brightness", o.jitter.brightness);
  o.jitter.contrast = json.value("contrast", o.jitter.contrast);
  o.jitter.saturation = json.value("saturation", o.jitter.saturation);
  o.jitter.hue = json.value("hue", o.jitter.hue);
  o.rand_augment = json.value("rand_augment", o.rand_augment);
  return o;
}

Random RandomOf(const Json& row, std::size_t at) {
  return {row.at(at).get<std::uint64_t>(), row.at(at + 1).get<std::uint64_t>()};
}

Json ToJson(const Box& box) {
  return {box.left, box.top, box.right, box.bottom};
}

Json ToJson(const AugmentPlan& plan) {
  Json jitter = Json::array();
  for (const JitterStep& step : plan.jitter)
    jitter.push_back({static_cast<int>(step.kind), step.amount});
  Json steps = Json::array();
  for (const RandAugmentStep& step : plan.rand_augment)
    steps.push_back(
        {step.op->name, step.argument, static_cast<int>(step.filter)});
  return {{"crop", ToJson(plan.crop)},
          {"flip", plan.flip},
          {"jitter", jitter},
          {"rand_augment", steps}};
}

Json Augmented(const Image& image, const Json& row) {
  const AugmentOptions options = OptionsOf(row.at(2));
  PreprocessOptions preprocess;
  preprocess.mean = row.at(3).get<std::array<double, 3>>();
  preprocess.stddev = row.at(4).get<std::array<double, 3>>();
  const auto fill = AugmentFill(preprocess, options);
  Random random = RandomOf(row, 5);
  const AugmentPlan plan =
      DrawAugment(image.width, image.height, options, random);
  Random again = RandomOf(row, 5);
  const Pixels pixels = Augment(image, preprocess, options, again);
  return {{"plan", ToJson(plan)},
          {"fill", fill},
          {"picture", ToJson(ApplyAugment(image, plan, options, fill))},
          {"values",
           Hex(pixels.values.data(), pixels.values.size() * sizeof(float))}};
}

Image OfOp(const Image& image, const Json& row) {
  const auto name = row.at(2).get<std::string>();
  for (const RandAugmentOp& op : RandAugmentOps())
    if (op.name == name)
      return op.apply(
          image, op.argument(row.at(3).get<double>(), row.at(4).get<double>()),
          WarpOf(row, 5));
  ThrowInput("op \"{}\" is not known", name);
}

Json ResultOf(const Json& row, const std::vector<Image>& pictures) {
  using Whole = Image (*)(const Image&, int);
  using Real = Image (*)(const Image&, double);
  using Warped = Image (*)(const Image&, double, const Warp&);
  static const std::map<std::string, Image (*)(const Image&)> kAlone = {
      {"flip", FlipHorizontally},
      {"autocontrast", AutoContrast},
      {"equalize", Equalize},
      {"invert", Invert}};
  static const std::map<std::string, Whole> kWhole = {
      {"posterize", Posterize},
      {"solarize", Solarize},
      {"solarize_add", SolarizeAdd}};
  static const std::map<std::string, Real> kReal = {
      {"brightness", AdjustBrightness},
      {"contrast", AdjustContrast},
      {"saturation", AdjustSaturation},
      {"sharpness", AdjustSharpness},
      {"hue", ShiftHue}};
  static const std::map<std::string, Warped> kWarped = {
      {"rotate", Rotate},
      {"shear_x", ShearX},
      {"shear_y", ShearY},
      {"translate_x", TranslateX},
      {"translate_y", TranslateY}};
  const auto name = row.at(0).get<std::string>();
  if (name == "crop") {
    Random random = RandomOf(row, 4);
    return ToJson(DrawCrop(row.at(1).get<int>(), row.at(2).get<int>(),
                           OptionsOf(row.at(3)), random));
  }
  const Image& image = pictures.at(row.at(1).get<std::size_t>());
  if (name == "augment") return Augmented(image, row);
  if (name == "op") return ToJson(OfOp(image, row));
  if (name == "affine")
    return ToJson(Affine(image, row.at(2).get<AffineMatrix>(), WarpOf(row, 3)));
  if (const auto it = kAlone.find(name); it != kAlone.end())
    return ToJson(it->second(image));
  if (const auto it = kWhole.find(name); it != kWhole.end())
    return ToJson(it->second(image, row.at(2).get<int>()));
  if (const auto it = kReal.find(name); it != kReal.end())
    return ToJson(it->second(image, row.at(2).get<double>()));
  const auto it = kWarped.find(name);
  EYECHART_REQUIRE(it != kWarped.end(), "case \"{}\" is not known", name);
  return ToJson(it->second(image, row.at(2).get<double>(), WarpOf(row, 3)));
}

void Main() {
  const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
  const Json jobs = ParseJson(text, "standard input");
  std::vector<Image> pictures;
  for (const Json& picture : jobs.at("pictures"))
    pictures.push_back(ImageOf(picture));
  Json results = Json::array();
  for (const Json& row : jobs.at("cases"))
    results.push_back(ResultOf(row, pictures));
  std::puts(results.dump().c_str());
}

}  // namespace
}  // namespace eyechart::data

int main() {
  try {
    eyechart::data::Main();
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "augment_probe: %s\n", error.what());
    return 1;
  }
}
