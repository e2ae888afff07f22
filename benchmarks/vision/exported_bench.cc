#include "benchmarks/vision/exported_bench.h"

#include <ATen/Parallel.h>

#include <string>

#include "core/parallel.h"
#include "probes/detection/nms/suppress_boxes.h"

namespace eyechart::benchmarks {

ExportedBench::ExportedBench(const encoders::ModelSpec& spec,
                             const data::Dataset& pictures,
                             const ExportedBenchOptions& options)
    : exported_(std::make_unique<detection::ExportedDetector>(spec)),
      pictures_(pictures),
      options_(options) {
  PickOptions pick;
  pick.most = options.most_pictures;
  pick.seed = options.seed;
  pick.decoding = exported_->preprocess().decode;
  picked_ = PickPictures(pictures, pick);
  device_ = std::make_unique<ExportedDevice>(
      *exported_, pictures, picked_.index,
      ExportedDeviceOptions{options.workers, options.lanes, options.find});
}

BenchSetting ExportedBench::setting() const {
  return {exported_->dtype(), exported_->device().str()};
}

Json ExportedBench::Describe() const {
  const detection::Detector& detector = exported_->detector();
  Json json = {
      {"family", "exported"},
      {"weights_sha256", exported_->weights_sha256()},
      {"preprocess_sha256", data::PreprocessSha256(exported_->preprocess())},
      {"threads", at::get_num_threads()},
      {"workers", ThreadCount(options_.workers)},
      {"cuda_graphs", false},
      {"stage_clock", device_->has_events() ? "events" : "host"},
      {"stage_boundary_error_ns", device_->BoundaryErrorNs()},
      {"answer", "boxes"},
      {"pictures",
       {{"from", pictures_.name()},
        {"given", picked_.given},
        {"used", picked_.index.size()},
        {"unreadable", picked_.unreadable},
        {"sha256", picked_.sha256}}},
      {"input", {detector.canvas.height, detector.canvas.width}},
      {"detector",
       {{"head", detector.kind},
        {"format", exported_->format()},
        {"parameters", exported_->parameters()},
        {"classes", detector.categories.size()},
        {"device", exported_->device().str()},
        {"resize", detector.canvas.keep_aspect ? "letterbox" : "stretch"},
        {"nms", detector.head->needs_nms()},
        {"min_score", options_.find.detect.min_score},
        {"before_nms", options_.find.detect.most},
        {"nms_iou", options_.find.nms.iou_threshold},
        {"max_boxes", options_.find.most_kept}}}};
  if (detector.head->needs_nms())
    json["detector"]["suppression"] = detection::NmsToJson(options_.find.nms);
  return json;
}

Record ExportedBench::BaseRecord() const {
  Record record;
  record.weights_sha256 = exported_->weights_sha256();
  record.preprocess_sha256 = data::PreprocessSha256(exported_->preprocess());
  record.dataset_sha256 = picked_.sha256;
  for (const std::string& warning : picked_.warnings)
    record.message += (record.message.empty() ? "" : "; ") + warning;
  return record;
}

}  // namespace eyechart::benchmarks
