// Options that several commands share.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "cli/arguments.h"
#include "data/dataset.h"
#include "encoders/encode_dataset.h"
#include "suite/feature_cache.h"
#include "suite/suite_spec.h"

namespace eyechart::cli {

/// How pictures become features; filled by AddModelOptions.
struct ModelFlags {
  std::string dtype = "fp32";
  std::string device = "cpu";
  std::string tf32 = "off";
  std::string pool;
  std::string resolution;
  std::string alpha = "drop";
  std::string orient = "none";
  std::string decode = "exact";
  bool allow_unused = false;
  int threads = 0;  // 0: LibTorch's own choice
};

void AddModelFlags(Arguments& app, ModelFlags& flags);
/// Throws InputError for values that are not known.
encoders::ModelSpec SpecOf(const std::string& model, const ModelFlags& flags);
/// Those that differ from their defaults, by option name, with their values;
/// neither `threads` nor `allow_unused`, which change no feature.
std::map<std::string, std::string> ChangedModelFlags(const ModelFlags& flags);
/// `text` as one word of a shell's command line, quoted where it has to be.
std::string ShellWord(const std::string& text);
/// Sets LibTorch's threads; InputError for a negative number.
void SetThreads(int threads);

/// Where pictures come from; filled by AddPictureFlags.
struct PictureFlags {
  std::string images;
  std::string kind;
  std::string root;
  std::string label_column;  // of a CSV
  std::int64_t limit = 0;
};

void AddPictureFlags(Arguments& app, PictureFlags& flags, bool required);
std::unique_ptr<data::Dataset> OpenPictures(const PictureFlags& flags);

void AddEncodeFlags(Arguments& app, encoders::EncodeOptions& options);

/// A warning that some pictures carry a note, if any do.
std::vector<std::string> NoteWarnings(const encoders::EncodeSummary& summary,
                                      const std::string& what);

/// All warnings of an encoding, for people and for --json.
std::vector<std::string> WarningsOf(const encoders::EncodeSummary& summary,
                                    const std::string& what);

}  // namespace eyechart::cli
