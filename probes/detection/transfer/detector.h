// A trained detection head with all that it needs to be used again.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/json.h"
#include "data/boxes/box_dataset.h"
#include "encoders/loaded_model.h"
#include "encoders/trainable_blocks.h"
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
  /// Last blocks of the encoder that were trained with the head; their tensors
  /// as BlockParameters names them, on the CPU.
  std::int64_t unfreeze = 0;
  NamedTensors blocks;
  Json encoder;   // what the maps came from: model, weights, preprocessing
  Json training;  // how the head was trained; for people and records
};

/// A copy of the detector's head whose parameters are on `device`.
std::unique_ptr<DetectionHead> HeadOn(const Detector& detector,
                                      at::Device device);

/// Learned values of the head; of tensors.
std::int64_t ParametersOf(const DetectionHead& head);
std::int64_t ParametersOf(const NamedTensors& tensors);

/// What a head is made of but for the maps that it reads, with its kind's own
/// numbers where it was told none: `kind`, `width`, `layers`, and `groups`
/// (dense) or `queries` (set).
Json HeadShape(const Detector& detector);

/// What `encoder` of a detector says of `model`: not the size of its input,
/// which is the canvas's, so that a detector fits its model at any.
Json EncoderJson(const encoders::LoadedModel& model);

/// What `canvas` of a detector says: width, height, keep_aspect, filter,
/// margin.
Json CanvasToJson(const Canvas& canvas);

/// SHA-256 of all between a picture and the encoder's input: what the encoder
/// says of preprocessing, and the canvas.
std::string InputSha256(const Detector& detector);

/// Writes `folder`/head.safetensors, `folder`/detector.json, and
/// `folder`/blocks.safetensors where there are trained blocks.
void WriteDetector(const std::filesystem::path& folder,
                   const Detector& detector);

/// Reads them back, the head onto the CPU. Throws InputError for a folder that
/// is none, for a schema that is not known, and for tensors that do not fit or
/// are damaged.
Detector ReadDetector(const std::filesystem::path& folder);

/// The blocks of `model`, on its device, with the detector's weights; null
/// where it has none. Throws InputError for a model that they do not fit.
std::unique_ptr<encoders::TrainableBlocks> BlocksOf(
    const Detector& detector, const encoders::LoadedModel& model);

/// Throws InputError where `model` has other weights or prepares pictures
/// otherwise than the one that `detector` was trained on.
void RequireFits(const Detector& detector,
                 const encoders::LoadedModel& model,
                 const std::filesystem::path& folder);

/// Throws InputError where the encoder's last blocks were trained with the
/// head: for what runs the encoder as it stands.
void RequireFrozen(const Detector& detector,
                   const std::filesystem::path& folder);

/// Whether it was trained on a set that was read as a single class.
bool IsSingleClass(const Detector& detector);

/// A class of the detector for each category of `dataset`, by name, whatever
/// their order and ids; -1 where the detector lacks it. Where a name stands
/// more than once each has a class of its own, in their order. Throws
/// InputError where none is the same, and where only one of both is of a single
/// class.
std::vector<std::int64_t> ClassesOf(const Detector& detector,
                                    const data::BoxDataset& dataset);

}  // namespace eyechart::detection
