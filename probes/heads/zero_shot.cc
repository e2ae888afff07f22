#include "probes/heads/zero_shot.h"

#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/zeros.h>

#include <cmath>
#include <cstddef>

#include "core/error.h"

namespace eyechart::probes {
namespace {

at::Tensor Norms(const at::Tensor& rows) {
  return at::linalg_vector_norm(rows, 2, at::IntArrayRef{1}, /*keepdim=*/true);
}

at::Tensor Unit(const at::Tensor& rows) {
  const at::Tensor x = rows.to(at::kCPU, at::kFloat);
  // No clamp: it would hide NaN, and shift rows that are merely short.
  const at::Tensor norms = Norms(x);
  return x.div(norms.masked_fill(norms.eq(0), 1));
}

/// Sums unit embeddings by class, a batch of texts at a time.
class Summer {
 public:
  Summer(const EmbedTexts& embed, std::int64_t batch, std::int64_t classes)
      : embed_(embed), batch_(batch), classes_(classes) {}

  void Add(std::int64_t owner, std::string text) {
    texts_.push_back(std::move(text));
    owners_.push_back(owner);
    if (std::ssize(texts_) == batch_) Flush();
  }

  void Flush() {
    if (texts_.empty()) return;
    const at::Tensor rows = embed_(texts_).to(at::kCPU, at::kDouble);
    EYECHART_CHECK(rows.dim() == 2 && rows.size(0) == std::ssize(texts_) &&
                       (!sums_.defined() || sums_.size(1) == rows.size(1)),
                   "{} texts gave an embedding of {} dimensions, {} values",
                   texts_.size(), rows.dim(), rows.numel());
    if (!sums_.defined())
      sums_ = at::zeros({classes_, rows.size(1)}, at::kDouble);
    const at::Tensor norms = Norms(rows);
    for (std::size_t i = 0; i < texts_.size(); ++i) {
      const double norm = norms.const_data_ptr<double>()[i];
      EYECHART_REQUIRE(std::isfinite(norm) && norm > 0,
                       "text \"{}\": its embedding has length {}, so no "
                       "direction; is the checkpoint's text tower whole?",
                       texts_[i], norm);
      const auto row = static_cast<std::int64_t>(i);
      sums_.select(0, owners_[i]).add_(rows.select(0, row).div(norm));
    }
    texts_.clear();
    owners_.clear();
  }

  const at::Tensor& sums() const { return sums_; }  // (K, D) float64

 private:
  const EmbedTexts& embed_;
  std::int64_t batch_;
  std::int64_t classes_;
  std::vector<std::string> texts_;
  std::vector<std::int64_t> owners_;  // the class of each text
  at::Tensor sums_;
};

}  // namespace

at::Tensor ClassEmbeddings(const PromptFile& prompts,
                           const std::vector<std::string>& classes,
                           const EmbedTexts& embed,
                           const ZeroShotOptions& options) {
  EYECHART_CHECK(!classes.empty() && !prompts.templates.empty(),
                 "{} classes, {} templates", classes.size(),
                 prompts.templates.size());
  EYECHART_CHECK(options.batch > 0, "batches of {}", options.batch);
  Summer summer(embed, options.batch, std::ssize(classes));
  for (std::size_t k = 0; k < classes.size(); ++k) {
    std::vector<std::string> names = {classes[k]};
    const auto others = prompts.other_names.find(classes[k]);
    if (others != prompts.other_names.end())
      names.insert(names.end(), others->second.begin(), others->second.end());
    for (const std::string& name : names)
      for (const std::string& prompt : prompts.templates)
        summer.Add(static_cast<std::int64_t>(k),
                   FillTemplate(prompt, name, options.fill));
  }
  summer.Flush();
  // The sum's direction is the mean's.
  const at::Tensor norms = Norms(summer.sums());
  for (std::size_t k = 0; k < classes.size(); ++k)
    EYECHART_REQUIRE(norms.const_data_ptr<double>()[k] > 1e-9,
                     "class \"{}\": the embeddings of its prompts cancel",
                     classes[k]);
  return summer.sums().div(norms).to(at::kFloat);
}

at::Tensor ZeroShotScores(const at::Tensor& features,
                          const at::Tensor& class_embeddings,
                          double logit_scale,
                          double logit_bias) {
  EYECHART_CHECK(features.dim() == 2 && class_embeddings.dim() == 2 &&
                     features.size(1) == class_embeddings.size(1),
                 "features of {} values, classes of {}", features.size(-1),
                 class_embeddings.size(-1));
  return at::matmul(Unit(features), Unit(class_embeddings).t())
      .mul(logit_scale)
      .add(logit_bias);
}

}  // namespace eyechart::probes
