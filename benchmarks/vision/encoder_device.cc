#include "benchmarks/vision/encoder_device.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <c10/core/InferenceMode.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <c10/util/Exception.h>

#include <cstring>
#include <optional>
#include <utility>

#include "benchmarks/vision/bench_pictures.h"
#include "benchmarks/vision/device_clock.h"
#include "core/error.h"
#include "core/parallel.h"
#include "data/decode.h"
#include "encoders/forward_pass.h"
#include "probes/detection/transfer/canvas.h"
#include "probes/heads/device_tensors.h"

namespace eyechart::benchmarks {
namespace {

using detection::FoundBoxes;
using detection::PictureBoxes;

// A stage that is not named is not timed.
constexpr std::size_t kNoStage = kMaxStages;

// Not the default stream, on which graphs cannot be recorded. None: a CPU.
std::optional<c10::Stream> StreamOf(const c10::Device& device) {
  if (device.is_cpu()) return std::nullopt;
  return c10::impl::VirtualGuardImpl(device.type())
      .getStreamFromGlobalPool(device, /*isHighPriority=*/false);
}

// On the host, contiguous; from a GPU it is on its way, and there when the
// stream has got so far. Another type or order is made on the GPU: a copy that
// changes them would wait.
at::Tensor Fetch(const at::Tensor& tensor, c10::ScalarType dtype = at::kFloat) {
  const at::Tensor made = tensor.to(dtype).contiguous();
  if (made.is_cpu()) return made;
  return probes::HostMemory(made.sizes(), dtype, made.device())
      .copy_(made, /*non_blocking=*/true);
}

// LibTorch's thread count is each thread's own; lanes are threads that it has
// not seen.
void TakeEncoderThreads() {
  static thread_local const bool taken = (at::init_num_threads(), true);
  static_cast<void>(taken);
}

}  // namespace

struct EncoderDevice::Stage {
  std::size_t preprocess = kNoStage, decode = kNoStage, resize = kNoStage,
              wait = kNoStage, to_device = kNoStage, encode = kNoStage,
              head = kNoStage, nms = kNoStage, post = kNoStage;
};

// Of one query at a time: the model's.
struct EncoderDevice::Engine {
  explicit Engine(const c10::Device& device)
      : stream(StreamOf(device)), clock(DeviceClock::For(device)) {}

  std::optional<c10::Stream> stream;  // none: a CPU
  DeviceClock clock;
  encoders::EncodeRequest request;
  std::unique_ptr<encoders::ForwardPass> forward;
  // A detector's, on the model's device where that is no CPU; else the
  // detector's own.
  std::unique_ptr<detection::DetectionHead> head;
  detection::MapScale scale;
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
  std::vector<at::Tensor> maps;   // of the query, with a detector
  std::vector<FoundBoxes> found;  // in them, on the host once waited for
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
  MakeEngine();
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

void EncoderDevice::MakeEngine() {
  engine_ = std::make_unique<Engine>(model_.device);
  const detection::Detector* detector = options_.detector;
  encoders::EncodeRequest& request = engine_->request;
  if (detector == nullptr) request.pool = model_.pool;
  request.feature_map = detector != nullptr && !detector->own_stages;
  request.pyramid = detector != nullptr && detector->own_stages;
  engine_->forward = encoders::ForwardPass::Create(
      [this](const at::Tensor& pixels) {
        return model_.encoder->Encode(pixels, engine_->request);
      },
      model_.device, options_.cuda_graphs);
  if (detector == nullptr) return;
  engine_->scale = detector->scale;
  if (model_.device.is_cpu()) return;
  engine_->head = detection::HeadOn(*detector, model_.device);
  for (at::Tensor& shift : engine_->scale.shift)
    shift = shift.to(model_.device);
  for (at::Tensor& scale : engine_->scale.scale)
    scale = scale.to(model_.device);
}

void EncoderDevice::Prepare(const LoadPlan& plan) {
  files_ = ReadSamples(plan.samples, pictures_, used_, std::move(files_));
  data::InputSize size = data::FixedInputSize(model_.preprocess);
  if (options_.detector != nullptr)
    size = {options_.detector->canvas.height, options_.detector->canvas.width};
  const auto count = static_cast<std::size_t>(plan.samples_per_query);
  EYECHART_CHECK(plan.lanes <= options_.lanes, "{} lanes where {} were named",
                 plan.lanes, options_.lanes);
  // Weights that are on their way go on another stream.
  if (!model_.device.is_cpu())
    c10::impl::VirtualGuardImpl(model_.device.type())
        .synchronizeDevice(model_.device.index());
  lanes_.clear();
  for (int i = 0; i < plan.lanes; ++i) {
    auto lane = std::make_unique<Lane>();
    lane->images.resize(count);
    lane->prepared.resize(count);
    lane->sizes.resize(count);
    if (size.height > 0)
      lane->pixels = probes::HostMemory(
          {plan.samples_per_query, 3, size.height, size.width}, at::kFloat,
          model_.device);
    lanes_.push_back(std::move(lane));
  }
}

// The last step before the model, timed as `resize` or `preprocess`.
void EncoderDevice::PrepareOne(std::string_view bytes,
                               Lane& lane,
                               std::size_t i) const {
  const detection::Detector* detector = options_.detector;
  data::Pixels pixels;
  if (stage_->preprocess != kNoStage) {
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
    batch.pixels = probes::HostMemory(
        {static_cast<std::int64_t>(members.size()), 3, size.first, size.second},
        at::kFloat, model_.device);
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
  if (stage_->decode != kNoStage) {
    const auto span = recorder.Enter(stage_->decode);
    ParallelFor(count, options_.workers, [&](std::size_t i, int) {
      lane.images[i] = data::Decode(*files[i], model_.preprocess.decode).image;
    });
  }
  const auto span = recorder.Enter(
      stage_->preprocess != kNoStage ? stage_->preprocess : stage_->resize);
  ParallelFor(count, options_.workers,
              [&](std::size_t i, int) { PrepareOne(*files[i], lane, i); });
  ShapeBatches(lane, count);
}

// What the encoder issues nothing waits for before the end. A head may wait
// where its boxes' number is what it has found.
void EncoderDevice::Encode(Lane& lane, StageRecorder& recorder) const {
  const detection::Detector* detector = options_.detector;
  std::optional<c10::StreamGuard> on_stream;
  if (engine_->stream.has_value()) on_stream.emplace(*engine_->stream);
  DeviceClock& clock = engine_->clock;
  clock.Begin(recorder);
  std::vector<at::Tensor> pooled;
  std::vector<std::size_t> order;
  for (const Lane::Batch& batch : lane.batches) {
    at::Tensor input = batch.pixels;
    if (stage_->to_device != kNoStage) {
      clock.Enter(stage_->to_device);
      input = input.to(model_.device, /*non_blocking=*/true);
    }
    clock.Enter(stage_->encode);
    encoders::Features features = engine_->forward->Run(input);
    if (detector == nullptr) {
      pooled.push_back(Fetch(features.pooled));
    } else {
      lane.maps = engine_->request.pyramid
                      ? std::move(features.pyramid)
                      : std::vector<at::Tensor>{features.feature_map};
      // A copy of its own: it is scaled in place.
      for (at::Tensor& map : lane.maps)
        map =
            at::empty(map.sizes(), map.options().dtype(at::kFloat)).copy_(map);
    }
    order.insert(order.end(), batch.pictures.begin(), batch.pictures.end());
  }
  if (engine_->head != nullptr) {
    clock.Enter(stage_->head);
    Detect(lane);
  }
  clock.Finish();
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

void EncoderDevice::Detect(Lane& lane) const {
  const detection::Detector& detector = *options_.detector;
  const detection::MapScale& scale = engine_->scale;
  for (std::size_t level = 0; level < lane.maps.size(); ++level)
    lane.maps[level]
        .sub_(scale.shift[level].view({1, -1, 1, 1}))
        .mul_(scale.scale[level].view({1, -1, 1, 1}));
  const detection::DetectionHead& head =
      engine_->head != nullptr ? *engine_->head : *detector.head;
  lane.found = head.Detect(lane.maps, options_.find.detect);
  for (FoundBoxes& found : lane.found)
    found = {Fetch(found.corners), Fetch(found.scores),
             Fetch(found.classes, at::kLong)};
}

void EncoderDevice::FindBoxes(Lane& lane, StageRecorder& recorder) const {
  const detection::Detector& detector = *options_.detector;
  if (engine_->head == nullptr) {
    const auto span = recorder.Enter(stage_->head);
    Detect(lane);
  }
  const std::vector<FoundBoxes>& found = lane.found;
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
  TakeEncoderThreads();
  const c10::InferenceMode inference;
  Lane& lane = *lanes_.at(static_cast<std::size_t>(query.lane));
  Load(query, lane, recorder);
  {
    std::unique_lock lock(model_in_use_, std::defer_lock);
    if (stage_->wait != kNoStage) {
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

EncoderDeviceNotes EncoderDevice::notes() const {
  EncoderDeviceNotes notes;
  notes.cuda_graphs = options_.cuda_graphs && model_.device.is_cuda();
  notes.events = engine_->clock.has_events();
  notes.boundary_error_ns = engine_->clock.AnchorErrorNs();
  notes.graph = engine_->forward->note();
  return notes;
}

const EncoderAnswer& EncoderDevice::answer(int lane) const {
  return lanes_.at(static_cast<std::size_t>(lane))->answer;
}

}  // namespace eyechart::benchmarks
