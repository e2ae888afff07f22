#include "benchmarks/vision/exported_device.h"

#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <c10/util/Exception.h>

#include <cstring>
#include <utility>

#include "benchmarks/vision/bench_pictures.h"
#include "core/error.h"
#include "core/parallel.h"
#include "data/decode.h"
#include "probes/detection/transfer/canvas.h"
#include "probes/heads/device_tensors.h"

namespace eyechart::benchmarks {
namespace {

using detection::ExportedDetector;
using detection::PictureBoxes;

// A stage that is not named is not timed.
constexpr std::size_t kNoExportedStage = kMaxStages;

// LibTorch's thread count is each thread's own; lanes are threads that it has
// not seen.
void TakeExportedThreads() {
  static thread_local const bool taken = (at::init_num_threads(), true);
  static_cast<void>(taken);
}

}  // namespace

struct ExportedDevice::Stage {
  std::size_t decode = kNoExportedStage, resize = kNoExportedStage,
              wait = kNoExportedStage, to_device = kNoExportedStage,
              encode = kNoExportedStage, head = kNoExportedStage,
              nms = kNoExportedStage, post = kNoExportedStage;
};

struct ExportedDevice::Lane {
  at::Tensor pixels;                // (samples a query, 3, H, W) on the host
  std::vector<data::Image> images;  // of the query's pictures
  std::vector<detection::Placing> placings;
  std::vector<ExportedDetector::Answers> answers;
  std::vector<PictureBoxes> boxes;
};

ExportedDevice::ExportedDevice(ExportedDetector& exported,
                               const data::Dataset& pictures,
                               std::vector<std::size_t> used,
                               const ExportedDeviceOptions& options)
    : exported_(exported),
      pictures_(pictures),
      used_(std::move(used)),
      options_(options),
      stage_(std::make_unique<Stage>()),
      clock_(DeviceClock::For(exported.device())) {
  stage_->decode = Named("decode");
  stage_->resize = Named("resize");
  if (options.lanes > 1) stage_->wait = Named("wait");
  if (!exported.device().is_cpu()) stage_->to_device = Named("to-device");
  stage_->encode = Named("encode");
  stage_->head = Named("head");
  if (exported.detector().head->needs_nms()) stage_->nms = Named("nms");
  stage_->post = Named("post");
}

ExportedDevice::~ExportedDevice() = default;

std::size_t ExportedDevice::Named(const char* stage) {
  stages_.emplace_back(stage);
  return stages_.size() - 1;
}

std::int64_t ExportedDevice::SampleCount() const {
  return static_cast<std::int64_t>(used_.size());
}

void ExportedDevice::Prepare(const LoadPlan& plan) {
  files_ = ReadSamples(plan.samples, pictures_, used_, std::move(files_));
  EYECHART_CHECK(plan.lanes <= options_.lanes, "{} lanes where {} were named",
                 plan.lanes, options_.lanes);
  const auto count = static_cast<std::size_t>(plan.samples_per_query);
  const detection::Canvas& canvas = exported_.detector().canvas;
  lanes_.clear();
  for (int i = 0; i < plan.lanes; ++i) {
    auto lane = std::make_unique<Lane>();
    lane->images.resize(count);
    lane->placings.resize(count);
    lane->boxes.resize(count);
    lane->pixels = probes::HostMemory(
        {plan.samples_per_query, 3, canvas.height, canvas.width}, at::kFloat,
        exported_.device());
    lanes_.push_back(std::move(lane));
  }
}

// All pictures are decoded before the first is resized, so that both are spans
// of the query and not of a thread.
void ExportedDevice::Load(const Query& query,
                          Lane& lane,
                          StageRecorder& recorder) const {
  const std::size_t count = query.samples.size();
  EYECHART_CHECK(static_cast<std::int64_t>(count) == lane.pixels.size(0),
                 "{} pictures in a query of {}", count, lane.pixels.size(0));
  {
    const auto span = recorder.Enter(stage_->decode);
    ParallelFor(count, options_.workers, [&](std::size_t i, int) {
      lane.images[i] = data::Decode(files_.at(query.samples[i]),
                                    exported_.preprocess().decode)
                           .image;
    });
  }
  const auto span = recorder.Enter(stage_->resize);
  const detection::Canvas& canvas = exported_.detector().canvas;
  auto* const out = lane.pixels.mutable_data_ptr<float>();
  ParallelFor(count, options_.workers, [&](std::size_t i, int) {
    const data::Image& image = lane.images[i];
    PictureBoxes& answer = lane.boxes[i];
    answer = {};
    answer.width = image.width;
    answer.height = image.height;
    lane.placings[i] = detection::PlaceWhole(image.width, image.height, canvas);
    const data::Pixels pixels = detection::RenderPixels(
        image, lane.placings[i], canvas, exported_.preprocess());
    std::memcpy(out + i * pixels.values.size(), pixels.values.data(),
                pixels.values.size() * sizeof(float));
    lane.images[i] = {};
  });
}

// The program is issued behind the pixels' copy; that of its answers to the
// host waits for both.
void ExportedDevice::RunProgram(Lane& lane, StageRecorder& recorder) {
  clock_.Begin(recorder);
  at::Tensor input = lane.pixels;
  if (stage_->to_device != kNoExportedStage) {
    clock_.Enter(stage_->to_device);
    input = input.to(exported_.device(), /*non_blocking=*/true);
  }
  clock_.Enter(stage_->encode);
  lane.answers = exported_.Run(input);
  clock_.Finish();
}

void ExportedDevice::ReadBoxes(Lane& lane, StageRecorder& recorder) const {
  const bool suppress = stage_->nms != kNoExportedStage;
  std::vector<detection::FoundBoxes> found;
  {
    const auto span = recorder.Enter(stage_->head);
    found = exported_.Read(lane.answers, options_.find.detect);
  }
  const auto keep = [&](std::size_t i) {
    PictureBoxes kept = detection::KeepBoxes(found[i], suppress, options_.find);
    lane.boxes[i].before_nms = kept.before_nms;
    lane.boxes[i].boxes = std::move(kept.boxes);
  };
  if (suppress) {
    const auto span = recorder.Enter(stage_->nms);
    for (std::size_t i = 0; i < found.size(); ++i) keep(i);
  }
  const auto span = recorder.Enter(stage_->post);
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (!suppress) keep(i);
    PictureBoxes& answer = lane.boxes[i];
    for (detection::FoundBox& box : answer.boxes)
      box.corners = detection::ToPicture(box.corners, lane.placings[i],
                                         exported_.detector().canvas,
                                         answer.width, answer.height);
  }
}

void ExportedDevice::Run(const Query& query, StageRecorder& recorder) {
  TakeExportedThreads();
  const c10::InferenceMode inference;
  Lane& lane = *lanes_.at(static_cast<std::size_t>(query.lane));
  Load(query, lane, recorder);
  {
    std::unique_lock lock(program_in_use_, std::defer_lock);
    if (stage_->wait != kNoExportedStage) {
      const auto span = recorder.Enter(stage_->wait);
      lock.lock();
    }
    try {
      RunProgram(lane, recorder);
    } catch (const c10::OutOfMemoryError&) {
      ThrowInput(
          "{}: a batch of {} does not fit into its free memory; give a "
          "smaller --batch",
          exported_.device().str(), query.samples.size());
    }
  }
  ReadBoxes(lane, recorder);
}

bool ExportedDevice::has_events() const { return clock_.has_events(); }

std::int64_t ExportedDevice::BoundaryErrorNs() const {
  return clock_.AnchorErrorNs();
}

const std::vector<PictureBoxes>& ExportedDevice::answer(int lane) const {
  return lanes_.at(static_cast<std::size_t>(lane))->boxes;
}

}  // namespace eyechart::benchmarks
