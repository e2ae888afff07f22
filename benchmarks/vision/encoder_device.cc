#include "benchmarks/vision/encoder_device.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <c10/core/InferenceMode.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <c10/util/Exception.h>

#include <cstring>
#include <optional>
#include <utility>

#include "core/error.h"
#include "core/parallel.h"
#include "data/decode.h"
#include "probes/detection/transfer/canvas.h"

namespace eyechart::benchmarks {
namespace {

using detection::FoundBoxes;
using detection::PictureBoxes;

// A stage that is not named is not timed.
constexpr std::size_t kNone = kMaxStages;

void Synchronize(const c10::Device& device) {
  if (device.is_cpu()) return;
  c10::impl::VirtualGuardImpl(device.type()).synchronizeDevice(device.index());
}

// LibTorch's thread count is each thread's own; lanes are threads that it has
// not seen.
void TakeThreads() {
  static thread_local const bool taken = (at::init_num_threads(), true);
  static_cast<void>(taken);
}

}  // namespace

struct EncoderDevice::Stage {
  std::size_t preprocess = kNone, decode = kNone, resize = kNone, wait = kNone,
              to_device = kNone, encode = kNone, head = kNone, nms = kNone,
              post = kNone;
};

struct EncoderDevice::Lane {
  at::Tensor pixels;  // (samples a query, 3, H, W); undefined: sizes vary
  std::vector<data::Image> images;  // of the query's pictures, where apart
  std::vector<data::Pixels> prepared;
  std::vector<data::PictureSize> sizes;  // as decoded
  struct Batch {
    at::Tensor pixels;                  // on the host
    std::vector<std::size_t> pictures;  // of the query
  };
  std::vector<Batch> batches;
  std::vector<at::Tensor> maps;  // of the query, with a detector
  EncoderAnswer answer;
};

EncoderDevice::EncoderDevice(encoders::LoadedModel& model,
                             const data::Dataset& pictures,
                             std::vector<std::size_t> used,
                             const EncoderDeviceOptions& options)
    : model_(model),
      pictures_(pictures),
      used_(std::move(used)),
      options_(options),
      stage_(std::make_unique<Stage>()) {
  const detection::Detector* detector = options.detector;
  // A detector lays the whole picture on its canvas, fully decoded.
  if (detector == nullptr &&
      model.preprocess.decode.mode == data::DecodeMode::kFast) {
    stage_->preprocess = Named("preprocess");
  } else {
    stage_->decode = Named("decode");
    stage_->resize = Named("resize");
  }
  if (options.lanes > 1) stage_->wait = Named("wait");
  if (!model.device.is_cpu()) stage_->to_device = Named("to-device");
  stage_->encode = Named("encode");
  if (detector == nullptr) return;
  stage_->head = Named("head");
  if (detector->head->needs_nms()) stage_->nms = Named("nms");
  stage_->post = Named("post");
}

EncoderDevice::~EncoderDevice() = default;

std::size_t EncoderDevice::Named(const char* stage) {
  stages_.emplace_back(stage);
  return stages_.size() - 1;
}

std::int64_t EncoderDevice::SampleCount() const {
  return static_cast<std::int64_t>(used_.size());
}

at::Tensor EncoderDevice::HostPixels(std::int64_t count,
                                     std::int64_t h,
                                     std::int64_t w) const {
  const auto plain = at::TensorOptions().dtype(at::kFloat);
  if (model_.device.is_cpu()) return at::empty({count, 3, h, w}, plain);
  try {
    return at::empty({count, 3, h, w}, plain.pinned_memory(true));
  } catch (const c10::Error&) {  // locked memory is limited: slower, not wrong
    return at::empty({count, 3, h, w}, plain);
  }
}

void EncoderDevice::Prepare(const LoadPlan& plan) {
  std::map<std::int64_t, std::string> files;
  for (const std::int64_t sample : plan.samples) {
    EYECHART_CHECK(sample >= 0 && sample < SampleCount(), "sample {} of {}",
                   sample, SampleCount());
    const auto known = files_.find(sample);
    files[sample] =
        known != files_.end()
            ? std::move(known->second)
            : pictures_.Read(used_[static_cast<std::size_t>(sample)]);
  }
  files_ = std::move(files);
  data::InputSize size = data::FixedInputSize(model_.preprocess);
  if (options_.detector != nullptr)
    size = {options_.detector->canvas.height, options_.detector->canvas.width};
  const auto count = static_cast<std::size_t>(plan.samples_per_query);
  EYECHART_CHECK(plan.lanes <= options_.lanes, "{} lanes where {} were named",
                 plan.lanes, options_.lanes);
  lanes_.clear();
  for (int i = 0; i < plan.lanes; ++i) {
    auto lane = std::make_unique<Lane>();
    lane->images.resize(count);
    lane->prepared.resize(count);
    lane->sizes.resize(count);
    if (size.height > 0)
      lane->pixels =
          HostPixels(plan.samples_per_query, size.height, size.width);
    lanes_.push_back(std::move(lane));
  }
}

// The last step before the model, timed as `resize` or `preprocess`.
void EncoderDevice::PrepareOne(std::string_view bytes,
                               Lane& lane,
                               std::size_t i) const {
  const detection::Detector* detector = options_.detector;
  data::Pixels pixels;
  if (stage_->preprocess != kNone) {
    pixels = data::DecodeAndPreprocess(bytes, model_.preprocess).pixels;
  } else if (detector == nullptr) {
    pixels = data::Preprocess(lane.images[i], model_.preprocess);
  } else {
    const data::Image& image = lane.images[i];
    lane.sizes[i] = {image.height, image.width};
    pixels = detection::RenderPixels(
        image,
        detection::PlaceWhole(image.width, image.height, detector->canvas),
        detector->canvas, model_.preprocess);
  }
  lane.images[i] = {};
  if (!lane.pixels.defined()) {
    lane.prepared[i] = std::move(pixels);
    return;
  }
  const std::size_t plane = pixels.values.size();
  EYECHART_CHECK(static_cast<std::int64_t>(plane) * lane.pixels.size(0) ==
                     lane.pixels.numel(),
                 "a picture of {} x {} in a batch of others", pixels.height,
                 pixels.width);
  std::memcpy(lane.pixels.mutable_data_ptr<float>() + i * plane,
              pixels.values.data(), plane * sizeof(float));
}

// Pictures of one size are one forward pass, as in `encode`.
void EncoderDevice::ShapeBatches(Lane& lane, std::size_t pictures) const {
  lane.batches.clear();
  if (lane.pixels.defined()) {
    Lane::Batch& batch = lane.batches.emplace_back();
    batch.pixels = lane.pixels;
    for (std::size_t i = 0; i < pictures; ++i) batch.pictures.push_back(i);
    return;
  }
  std::map<std::pair<int, int>, std::vector<std::size_t>> groups;
  for (std::size_t i = 0; i < pictures; ++i)
    groups[{lane.prepared[i].height, lane.prepared[i].width}].push_back(i);
  for (auto& [size, members] : groups) {
    Lane::Batch& batch = lane.batches.emplace_back();
    batch.pixels = HostPixels(static_cast<std::int64_t>(members.size()),
                              size.first, size.second);
    auto* out = batch.pixels.mutable_data_ptr<float>();
    for (const std::size_t i : members) {
      const std::vector<float>& values = lane.prepared[i].values;
      std::memcpy(out, values.data(), values.size() * sizeof(float));
      out += values.size();
      lane.prepared[i] = {};
    }
    batch.pictures = std::move(members);
  }
}

// All pictures are decoded before the first is resized, so that both are spans
// of the query and not of a thread.
void EncoderDevice::Load(const Query& query,
                         Lane& lane,
                         StageRecorder& recorder) const {
  const std::size_t count = query.samples.size();
  std::vector<const std::string*> files(count);
  for (std::size_t i = 0; i < count; ++i)
    files[i] = &files_.at(query.samples[i]);
  if (stage_->decode != kNone) {
    const auto span = recorder.Enter(stage_->decode);
    ParallelFor(count, options_.workers, [&](std::size_t i, int) {
      lane.images[i] = data::Decode(*files[i], model_.preprocess.decode).image;
    });
  }
  const auto span = recorder.Enter(
      stage_->preprocess != kNone ? stage_->preprocess : stage_->resize);
  ParallelFor(count, options_.workers,
              [&](std::size_t i, int) { PrepareOne(*files[i], lane, i); });
  ShapeBatches(lane, count);
}

void EncoderDevice::Encode(Lane& lane, StageRecorder& recorder) const {
  const detection::Detector* detector = options_.detector;
  encoders::EncodeRequest request;
  if (detector == nullptr) request.pool = model_.pool;
  request.feature_map = detector != nullptr && !detector->own_stages;
  request.pyramid = detector != nullptr && detector->own_stages;
  std::vector<at::Tensor> pooled;
  std::vector<std::size_t> order;
  for (const Lane::Batch& batch : lane.batches) {
    at::Tensor input = batch.pixels;
    if (stage_->to_device != kNone) {
      const auto span = recorder.Enter(stage_->to_device);
      input = input.to(model_.device, /*non_blocking=*/true);
      Synchronize(model_.device);
    }
    const auto span = recorder.Enter(stage_->encode);
    encoders::Features features = model_.encoder->Encode(input, request);
    if (detector == nullptr) {
      pooled.push_back(features.pooled.to(at::kCPU, at::kFloat).contiguous());
    } else {
      lane.maps = request.pyramid
                      ? std::move(features.pyramid)
                      : std::vector<at::Tensor>{features.feature_map};
      // A copy of its own: it is scaled in place.
      for (at::Tensor& map : lane.maps)
        map = at::empty(map.sizes(), at::kFloat).copy_(map);
    }
    order.insert(order.end(), batch.pictures.begin(), batch.pictures.end());
    Synchronize(model_.device);
  }
  if (detector != nullptr) return;
  if (pooled.size() == 1) {
    lane.answer.pooled = std::move(pooled.front());
    return;
  }
  const auto span = recorder.Enter(stage_->encode);  // back in query order
  const at::Tensor all = at::cat(pooled);
  lane.answer.pooled = at::empty_like(all);
  for (std::size_t i = 0; i < order.size(); ++i)
    lane.answer.pooled[static_cast<std::int64_t>(order[i])].copy_(
        all[static_cast<std::int64_t>(i)]);
}

void EncoderDevice::FindBoxes(Lane& lane, StageRecorder& recorder) const {
  const detection::Detector& detector = *options_.detector;
  std::vector<FoundBoxes> found;
  {
    const auto span = recorder.Enter(stage_->head);
    for (std::size_t level = 0; level < lane.maps.size(); ++level)
      lane.maps[level]
          .sub_(detector.scale.shift[level].view({1, -1, 1, 1}))
          .mul_(detector.scale.scale[level].view({1, -1, 1, 1}));
    found = detector.head->Detect(lane.maps, options_.find.detect);
  }
  const bool suppress = detector.head->needs_nms();
  std::vector<PictureBoxes>& boxes = lane.answer.boxes;
  boxes.resize(found.size());
  if (suppress) {
    const auto span = recorder.Enter(stage_->nms);
    for (std::size_t i = 0; i < found.size(); ++i)
      boxes[i] = detection::KeepBoxes(found[i], true, options_.find);
  }
  const auto span = recorder.Enter(stage_->post);
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (!suppress)
      boxes[i] = detection::KeepBoxes(found[i], false, options_.find);
    boxes[i].width = static_cast<int>(lane.sizes[i].width);
    boxes[i].height = static_cast<int>(lane.sizes[i].height);
    const detection::Placing placing =
        detection::PlaceWhole(boxes[i].width, boxes[i].height, detector.canvas);
    for (detection::FoundBox& box : boxes[i].boxes)
      box.corners = detection::ToPicture(box.corners, placing, detector.canvas,
                                         boxes[i].width, boxes[i].height);
  }
}

void EncoderDevice::Run(const Query& query, StageRecorder& recorder) {
  TakeThreads();
  const c10::InferenceMode inference;
  Lane& lane = *lanes_.at(static_cast<std::size_t>(query.lane));
  Load(query, lane, recorder);
  {
    std::unique_lock lock(model_in_use_, std::defer_lock);
    if (stage_->wait != kNone) {
      const auto span = recorder.Enter(stage_->wait);
      lock.lock();
    }
    try {
      Encode(lane, recorder);
    } catch (const c10::OutOfMemoryError&) {
      ThrowInput(
          "{}: a batch of {} does not fit into its free memory; give a "
          "smaller --batch",
          model_.device.str(), query.samples.size());
    }
  }
  if (options_.detector != nullptr) FindBoxes(lane, recorder);
}

const EncoderAnswer& EncoderDevice::answer(int lane) const {
  return lanes_.at(static_cast<std::size_t>(lane))->answer;
}

}  // namespace eyechart::benchmarks
