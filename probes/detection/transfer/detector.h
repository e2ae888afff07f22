// A trained detection head with all that it needs to be used again.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/json.h"
#include "data/boxes/box_dataset.h"
#include "encoders/loaded_model.h"
#include "probes/detection/detection_heads.h"
#include "probes/detection/transfer/canvas.h"
#include "probes/detection/transfer/map_source.h"

namespace eyechart::detection {

struct Detector {
  std::string kind;  // of the head
  HeadOptions options;
  Canvas canvas;
  bool own_stages = false;  // reads a hierarchical encoder's own stages
  MapScale scale;
  std::vector<data::BoxCategory> categories;  // by class
  std::unique_ptr<DetectionHead> head;
  Json encoder;   // what the maps came from: model, weights, preprocessing
  Json training;  // how the head was trained; for people and records
};

/// Learned values of the head.
std::int64_t ParametersOf(const DetectionHead& head);

/// What `encoder` of a detector says of `model`.
Json EncoderJson(const encoders::LoadedModel& model);

/// Writes `folder`/head.safetensors and `folder`/detector.json.
void WriteDetector(const std::filesystem::path& folder,
                   const Detector& detector);

/// Reads them back. Throws InputError for a folder that is none, for a schema
/// that is not known, and for tensors that do not fit or are damaged.
Detector ReadDetector(const std::filesystem::path& folder);

/// Throws InputError where `model` has other weights or prepares pictures
/// otherwise than the one that `detector` was trained on.
void RequireFits(const Detector& detector,
                 const encoders::LoadedModel& model,
                 const std::filesystem::path& folder);

/// A class of the detector for each category of `dataset`, by name, whatever
/// their order and ids; -1 where the detector lacks it. Throws InputError where
/// none is the same.
std::vector<std::int64_t> ClassesOf(const Detector& detector,
                                    const data::BoxDataset& dataset);

}  // namespace eyechart::detection
