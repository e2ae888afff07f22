#include "probes/detection/written_boxes.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "encoders/florence2_prompts.h"

namespace eyechart::detection {
namespace {

std::string Lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

encoders::AnswerForm FormOf(const std::string& prompt) {
  using encoders::AnswerForm;
  const encoders::Florence2Task* task = encoders::FindFlorence2Task(prompt);
  if (task != nullptr && (task->form == AnswerForm::kBoxes ||
                          task->form == AnswerForm::kGroundedPhrases ||
                          task->form == AnswerForm::kProposals ||
                          task->form == AnswerForm::kBoxesOrPolygons))
    return task->form;
  std::string known;
  for (const encoders::Florence2Task& other : encoders::Florence2Tasks())
    if (other.form == AnswerForm::kBoxes ||
        other.form == AnswerForm::kGroundedPhrases ||
        other.form == AnswerForm::kProposals ||
        other.form == AnswerForm::kBoxesOrPolygons)
      known += (known.empty() ? "" : ", ") + std::string(other.token);
  ThrowInput("prompt \"{}\": its answers are no boxes; those of {} are", prompt,
             known);
}

}  // namespace

WrittenBoxes WriteBoxes(encoders::LoadedCaptioner& model,
                        const data::Dataset& dataset,
                        const WrittenBoxOptions& options,
                        Progress& progress) {
  const encoders::AnswerForm form = FormOf(options.prompt);
  EYECHART_REQUIRE(!model.preprocess.center_crop,
                   "{}: its processor crops pictures, and places are told in "
                   "parts of the whole; --resolution N squeezes instead",
                   model.checkpoint.name);
  encoders::GenerationOptions generation = model.captioner->generation();
  if (options.num_beams > 0) generation.num_beams = options.num_beams;
  if (options.max_new_tokens > 0)
    generation.max_new_tokens = options.max_new_tokens;
  encoders::RequireUsable(generation);
  WrittenBoxes written;
  written.sizes.resize(dataset.size());
  written.pictures = encoders::LookAtDataset(
      model, dataset, options.look, progress,
      [&](const std::vector<encoders::LookedPicture>& pictures,
          const at::Tensor& tokens) {
        std::vector<encoders::PicturePrompt> prompts;
        for (std::size_t i = 0; i < pictures.size(); ++i)
          prompts.push_back({static_cast<std::int64_t>(i), options.prompt});
        const auto answers =
            model.captioner->Write(tokens, prompts, generation);
        for (std::size_t i = 0; i < pictures.size(); ++i) {
          const encoders::LookedPicture& picture = pictures[i];
          written.sizes[picture.index] = {picture.width, picture.height};
          const encoders::Florence2Answer answer = model.captioner->ParseAnswer(
              answers[i], form, picture.width, picture.height);
          for (std::size_t b = 0; b < answer.boxes.size(); ++b)
            written.boxes.push_back(
                {picture.index, answer.labels[b], answer.boxes[b]});
        }
      });
  return written;
}

Categories::Categories(const Json& coco, const std::string& source) {
  const auto list = coco.is_object() ? coco.find("categories") : coco.end();
  EYECHART_REQUIRE(list != coco.end() && list->is_array(),
                   "{}: key \"categories\" should be a list", source);
  for (std::size_t i = 0; i < list->size(); ++i) {
    const std::string place = fmt::format("{}: categories[{}]", source, i);
    const Json& one = (*list)[i];
    const auto id = JsonGet<std::int64_t>(one, "id", place);
    const auto name = JsonGet<std::string>(one, "name", place);
    // Of two with one name the first counts, as exports with a dummy category
    // have it behind no picture.
    ids_.emplace(Lower(name), id);
    EYECHART_REQUIRE(names_.emplace(id, name).second,
                     "{}: id {} is there twice", place, id);
  }
}

const std::int64_t* Categories::Find(const std::string& label) const {
  const auto it = ids_.find(Lower(label));
  return it == ids_.end() ? nullptr : &it->second;
}

std::int64_t Categories::Add(const std::string& label) {
  const std::int64_t next = names_.empty() ? 1 : names_.rbegin()->first + 1;
  const auto [it, fresh] = ids_.emplace(Lower(label), next);
  if (fresh) names_.emplace(next, label);
  return it->second;
}

Json Categories::ToJson() const {
  Json list = Json::array();
  for (const auto& [id, name] : names_)
    list.push_back({{"id", id}, {"name", name}});
  return list;
}

}  // namespace eyechart::detection
