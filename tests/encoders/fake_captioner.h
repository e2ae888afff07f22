// A model that writes what a test tells it to.
#pragma once

#include <ATen/ops/zeros.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "encoders/loaded_captioner.h"

namespace eyechart::testing {

class FakeCaptioner final : public encoders::Captioner {
 public:
  using Say =
      std::function<std::string(float pixel, const std::string& prompt)>;
  using Weigh = std::function<double(
      float pixel, const std::string& prompt, const std::string& answer)>;

  /// One token a picture: its first value.
  at::Tensor Look(const at::Tensor& pixels) override {
    batches.push_back(pixels.size(0));
    return pixels.flatten(1).narrow(1, 0, 1).unsqueeze(2).contiguous();
  }
  std::vector<encoders::WrittenAnswer> Write(
      const at::Tensor& pictures,
      std::span<const encoders::PicturePrompt> prompts,
      const encoders::GenerationOptions& with) override {
    asked = with;
    std::vector<encoders::WrittenAnswer> answers;
    for (const encoders::PicturePrompt& prompt : prompts) {
      prompts_seen.push_back(prompt.text);
      encoders::WrittenAnswer answer;
      answer.marked = say(Pixel(pictures, prompt), prompt.text);
      answer.text = answer.marked;
      answers.push_back(answer);
    }
    return answers;
  }
  std::vector<std::vector<encoders::AnswerLikelihood>> Likelihoods(
      const at::Tensor& pictures,
      std::span<const encoders::PicturePrompt> prompts,
      std::span<const std::vector<std::string>> answers) override {
    std::vector<std::vector<encoders::AnswerLikelihood>> all;
    for (std::size_t i = 0; i < prompts.size(); ++i) {
      prompts_seen.push_back(prompts[i].text);
      all.emplace_back();
      for (const std::string& answer : answers[i])
        all.back().push_back(
            {weigh(Pixel(pictures, prompts[i]), prompts[i].text, answer),
             static_cast<std::int64_t>(answer.size())});
    }
    return all;
  }
  const encoders::GenerationOptions& generation() const override {
    return options;
  }
  encoders::Florence2Answer ParseAnswer(const encoders::WrittenAnswer& answer,
                                        encoders::AnswerForm form,
                                        int width,
                                        int height) const override {
    return encoders::ParseFlorence2Answer(answer.marked, form, width, height);
  }

  Say say;
  Weigh weigh;
  encoders::GenerationOptions options;
  encoders::GenerationOptions asked;  // of the last Write
  std::vector<std::int64_t> batches;
  std::vector<std::string> prompts_seen;

 private:
  static float Pixel(const at::Tensor& pictures,
                     const encoders::PicturePrompt& prompt) {
    return pictures[prompt.picture].flatten()[0].item<float>();
  }
};

/// A fake whose pixels are levels from 0 to 1, 4 x 4 a picture.
inline encoders::LoadedCaptioner LoadFake(std::unique_ptr<FakeCaptioner> fake) {
  encoders::LoadedCaptioner model;
  model.checkpoint.name = "fake";
  model.captioner = std::move(fake);
  model.preprocess.resize = data::ResizeMode::kExact;
  model.preprocess.size_height = model.preprocess.size_width = 4;
  model.preprocess.center_crop = false;
  model.dtype = "fp32";
  return model;
}

}  // namespace eyechart::testing
