#include "benchmarks/vision/encoder_bench.h"

#include <ATen/Parallel.h>

#include <utility>
#include <vector>

#include "benchmarks/load/sample_table.h"
#include "benchmarks/load/trace_export.h"
#include "core/error.h"
#include "core/files.h"
#include "core/hash.h"
#include "core/parallel.h"
#include "probes/detection/nms/suppress_boxes.h"

namespace eyechart::benchmarks {

bool ParseCudaGraphs(const std::string& name, const c10::Device& device) {
  EYECHART_REQUIRE(name == "off" || name == "on",
                   "cuda-graphs \"{}\": should be off or on", name);
  EYECHART_REQUIRE(
      name == "off" || device.is_cuda(),
      "cuda-graphs \"on\": only CUDA devices have them, not device {}; leave "
      "it off",
      device.str());
  return name == "on";
}

EncoderBench::EncoderBench(const encoders::ModelSpec& spec,
                           const data::Dataset& pictures,
                           const EncoderBenchOptions& options)
    : pictures_(pictures), options_(options) {
  // The detector first: it is quick to find missing.
  if (!options.detector.empty()) {
    detector_ = detection::ReadDetector(options.detector);
    detection::RequireFrozen(*detector_, options.detector);
    // A frozen encoder's detector has no weights but the head's.
    detector_sha256_ = Sha256File(options.detector / "head.safetensors");
  }
  model_ = encoders::LoadModel(spec);
  if (detector_.has_value())
    detection::RequireFits(*detector_, model_, options.detector);
  PickOptions pick;
  pick.most = options.most_pictures;
  pick.seed = options.seed;
  pick.decoding = model_.preprocess.decode;
  picked_ = PickPictures(pictures, pick);
  EncoderDeviceOptions device;
  device.name = options.name;
  device.workers = options.workers;
  device.lanes = options.lanes;
  device.find = options.find;
  device.cuda_graphs = options.cuda_graphs;
  if (detector_.has_value()) device.detector = &*detector_;
  device_ =
      std::make_unique<EncoderDevice>(model_, pictures, picked_.index, device);
}

BenchSetting EncoderBench::setting() const {
  return {model_.dtype, model_.device.str()};
}

Json EncoderBench::Describe() const {
  const EncoderDeviceNotes notes = device_->notes();
  Json json = {
      {"family", model_.encoder->info().family},
      {"weights_sha256", model_.weights_sha256},
      {"preprocess_sha256", data::PreprocessSha256(model_.preprocess)},
      {"threads", at::get_num_threads()},
      {"workers", ThreadCount(options_.workers)},
      {"cuda_graphs", notes.cuda_graphs},
      {"stage_clock", notes.events ? "events" : "host"},
      {"stage_boundary_error_ns", notes.boundary_error_ns},
      {"answer", detector_.has_value()
                     ? std::string("boxes")
                     : "pooled: " + std::string(PoolName(model_.pool))},
      {"pictures",
       {{"from", pictures_.name()},
        {"given", picked_.given},
        {"used", picked_.index.size()},
        {"unreadable", picked_.unreadable},
        {"sha256", picked_.sha256}}}};
  if (!notes.graph.empty()) json["cuda_graphs_note"] = notes.graph;
  const data::InputSize size = data::FixedInputSize(model_.preprocess);
  json["input"] = size.height > 0 && !detector_.has_value()
                      ? eyechart::Json({size.height, size.width})
                      : eyechart::Json();
  json["detector"] = nullptr;
  if (!detector_.has_value()) return json;
  json["input"] = {detector_->canvas.height, detector_->canvas.width};
  json["detector"] = {{"head", detector_->kind},
                      {"sha256", detector_sha256_},
                      {"parameters", ParametersOf(*detector_->head)},
                      {"classes", detector_->categories.size()},
                      {"device", model_.device.str()},
                      {"nms", detector_->head->needs_nms()},
                      {"min_score", options_.find.detect.min_score},
                      {"before_nms", options_.find.detect.most},
                      {"nms_iou", options_.find.nms.iou_threshold},
                      {"max_boxes", options_.find.most_kept}};
  if (detector_->head->needs_nms())
    json["detector"]["suppression"] = detection::NmsToJson(options_.find.nms);
  return json;
}

Record EncoderBench::BaseRecord() const {
  Record record;
  record.weights_sha256 = model_.weights_sha256;
  record.preprocess_sha256 = data::PreprocessSha256(model_.preprocess);
  record.dataset_sha256 = picked_.sha256;
  for (const std::string& warning : picked_.warnings)
    record.message += (record.message.empty() ? "" : "; ") + warning;
  return record;
}

void WriteBenchFiles(const BenchFiles& files,
                     const Measured& measured,
                     const Json& json) {
  const auto make_folder = [](const std::filesystem::path& file) {
    if (file.has_parent_path()) CreateFolder(file.parent_path());
  };
  if (!files.samples.empty()) {
    make_folder(files.samples);
    WriteSamples(files.samples, measured.load.samples);
  }
  if (!files.trace.empty() && measured.load.options.trace_spans > 0) {
    make_folder(files.trace);
    WriteChromeTrace(files.trace, measured.load);
  }
  if (!files.peak_samples.empty() && measured.peak.has_value()) {
    const std::string csv = PeakSamplesCsv(*measured.peak);
    if (!csv.empty()) {
      make_folder(files.peak_samples);
      WriteFileAtomic(files.peak_samples, csv);
    }
  }
  if (files.json.empty()) return;
  make_folder(files.json);
  WriteFileAtomic(files.json, json.dump(1) + "\n");
}

void WriteAudit(const std::filesystem::path& folder,
                const MeasuredAudit& measured) {
  CreateFolder(folder);
  WriteFileAtomic(folder / "cache_audit_samples.csv",
                  AuditSamplesCsv(measured.audit));
}

}  // namespace eyechart::benchmarks
