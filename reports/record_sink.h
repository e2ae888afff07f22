// Where records go while they are made: the file beside the run folder that a
// killed run leaves as far as it came.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/record.h"

namespace eyechart::reports {

struct RecordSinkOptions {
  std::string format;          // a name of the exporters' table
  std::filesystem::path file;  // written anew
  /// Takes whole lines in place of `file` where it is set, as the terminal;
  /// formats of lines (csv, jsonl, github) only.
  std::function<void(std::string_view lines)> lines;
  std::filesystem::path run;  // the run folder, for formats of whole documents
};

class RecordSink {
 public:
  virtual ~RecordSink() = default;

  /// The records of one more cell, which stand in the run folder already. When
  /// it returns they are in the file: formats of lines append and flush, those
  /// of whole documents are written anew from the run folder.
  virtual void Add(std::span<const Record> records) = 0;

  /// Nothing comes any more.
  virtual void Finish() {}

  /// A sink of the format; its file is there from now on. Throws InputError for
  /// a format that is not known, a whole document as lines, or a file that
  /// cannot be written, as Add does too.
  static std::unique_ptr<RecordSink> Create(const RecordSinkOptions& options);
};

}  // namespace eyechart::reports
