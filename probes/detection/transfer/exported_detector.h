// A detector that was exported whole as a program: TorchScript, or an
// AOTInductor package, with an eyechart.json beside it.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/progress.h"
#include "encoders/loaded_model.h"
#include "probes/detection/transfer/exported_answers.h"
#include "probes/detection/transfer/transfer.h"

namespace eyechart::detection {

/// Whether `model` is a folder whose eyechart.json has a "detector".
bool IsExportedDetector(const std::string& model);

/// The SHA-256 of its program, which does not run. Throws InputError where it
/// is missing.
std::string ExportedSha256(const std::string& model);

/// The keys of its eyechart.json:
///   format      "torchscript" or "aotinductor"
///   model       file beside it: from pixels (B, 3, H, W) to tensors
///   image_size  N or [height, width]: pixels of the program's input
///   any_size    true where it takes other sizes too (default false)
///   batch       pictures it takes at a time (default: any number)
///   preprocess  what a preprocessor_config.json would hold; of it rescaling,
///               normalisation and the resize's filter count; without a class
///               that of DETR
///   resize      "stretch" (default), or "letterbox": proportions kept, the
///               picture in the middle
///   margin      [R, G, B] of a letterbox (default: the mean colour)
///   detector    which result is what: see AnswerLayout
///   categories  names in the order of the classes
/// A program is code: what is in it runs. For one thread at a time.
class ExportedDetector {
 public:
  /// What a run of the program gave for some pictures, as PickAnswers has it.
  struct Answers {
    std::vector<at::Tensor> tensors;
    std::int64_t pictures = 0;  // the first so many; the others fill a batch
  };

  /// Opens the folder `spec.model` and runs the program once on zeros. Throws
  /// InputError in one line that names file, key and value, and what would be
  /// right; for a pool in `spec` too, and for a resolution that the program
  /// does not take.
  explicit ExportedDetector(const encoders::ModelSpec& spec);

  /// Kind "exported", categories, canvas, and a head that reads answers.
  const Detector& detector() const { return detector_; }
  const data::PreprocessOptions& preprocess() const { return preprocess_; }
  const std::string& name() const { return name_; }  // of the folder
  const std::string& format() const { return format_; }
  const std::string& weights_sha256() const { return weights_sha256_; }
  const std::string& dtype() const { return dtype_; }  // "fp32", ...
  const c10::Device& device() const { return placement_.device; }
  std::int64_t parameters() const { return program_->parameters(); }

  /// Runs the program on pixels (B, 3, H, W) float32, wherever they are; the
  /// answers are on the host when it returns.
  std::vector<Answers> Run(const at::Tensor& pixels);
  /// The boxes of each picture, before suppression, in pixels of the canvas.
  std::vector<FoundBoxes> Read(const std::vector<Answers>& answers,
                               const DetectOptions& options) const;

 private:
  c10::ScalarType InputDType() const;

  std::string name_;
  std::string format_;
  std::string weights_sha256_;
  std::string dtype_;
  data::PreprocessOptions preprocess_;
  encoders::Placement placement_;
  std::unique_ptr<encoders::ExportedProgram> program_;
  AnswerLayout layout_;
  Detector detector_;
  std::int64_t batch_ = 0;  // 0: any
};

/// Finds boxes in every picture of `examples`, as ApplyDetector does with a
/// head. `workers` threads decode; 0: one a hardware thread. Throws InputError,
/// and Interrupted between batches on a signal.
AppliedDetector ApplyExported(ExportedDetector& exported,
                              const BoxExamples& examples,
                              const FindOptions& options,
                              int workers,
                              Progress& progress);

}  // namespace eyechart::detection
