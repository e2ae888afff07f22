#include "reports/record_sink.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "core/error.h"
#include "core/files.h"
#include "reports/exporter.h"
#include "reports/github.h"

namespace eyechart::reports {
namespace {

namespace fs = std::filesystem;
using LineWriter = std::function<void(std::string_view)>;

// Formats whose document is a header of lines and then lines of records.
struct LineFormat {
  std::string_view name;
  int header_lines;
};
constexpr std::array kLineFormats = {LineFormat{"jsonl", 0},
                                     LineFormat{"csv", 1}};

// A file that grows; what was written is with the system when a call returns.
class GrowingFile {
 public:
  explicit GrowingFile(fs::path path)
      : path_(std::move(path)), file_(std::fopen(path_.c_str(), "wbe")) {
    EYECHART_REQUIRE(file_ != nullptr, "{}: cannot be written: {}",
                     path_.string(), std::strerror(errno));
  }
  void Append(std::string_view lines) {
    const bool whole =
        std::fwrite(lines.data(), 1, lines.size(), file_.get()) == lines.size();
    EYECHART_REQUIRE(whole && std::fflush(file_.get()) == 0,
                     "{}: writing failed: {}", path_.string(),
                     std::strerror(errno));
  }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  fs::path path_;
  std::unique_ptr<std::FILE, Close> file_;
};

LineWriter LinesOf(const RecordSinkOptions& options) {
  if (options.lines) return options.lines;
  auto file = std::make_shared<GrowingFile>(options.file);
  return [file](std::string_view lines) { file->Append(lines); };
}

class LineSink : public RecordSink {
 public:
  LineSink(const LineFormat& format, LineWriter lines)
      : exporter_(Exporter::Create(std::string(format.name))),
        lines_(std::move(lines)) {
    const std::string header = exporter_->Export(std::array{RunFolder{}});
    header_bytes_ = format.header_lines > 0 ? header.size() : 0;
    lines_(header);
  }
  void Add(std::span<const Record> records) override {
    RunFolder run;
    run.records.assign(records.begin(), records.end());
    const std::string text = exporter_->Export({&run, 1});
    lines_(std::string_view(text).substr(header_bytes_));
  }

 private:
  std::unique_ptr<Exporter> exporter_;
  LineWriter lines_;
  std::size_t header_bytes_ = 0;
};

class AnnotationSink : public RecordSink {
 public:
  explicit AnnotationSink(LineWriter lines) : lines_(std::move(lines)) {}
  void Add(std::span<const Record> records) override {
    RunFolder run;
    run.records.assign(records.begin(), records.end());
    std::string text;
    for (const Finding& finding : FindingsOf(run)) text += writer_.Add(finding);
    lines_(text);
  }
  void Finish() override { lines_(writer_.Finish()); }

 private:
  LineWriter lines_;
  AnnotationWriter writer_;
};

class DocumentSink : public RecordSink {
 public:
  explicit DocumentSink(const RecordSinkOptions& options)
      : exporter_(Exporter::Create(options.format)),
        file_(options.file),
        run_(options.run) {
    // A file that cannot be written is found now, not after the first cell.
    WriteFileAtomic(file_, exporter_->Export(std::array{RunFolder{}}));
  }
  void Add(std::span<const Record>) override {
    WriteFileAtomic(file_, exporter_->Export(std::array{ReadRunFolder(run_)}));
  }

 private:
  std::unique_ptr<Exporter> exporter_;
  fs::path file_;
  fs::path run_;
};

}  // namespace

std::unique_ptr<RecordSink> RecordSink::Create(
    const RecordSinkOptions& options) {
  if (options.format == "github")
    return std::make_unique<AnnotationSink>(LinesOf(options));
  for (const LineFormat& format : kLineFormats)
    if (format.name == options.format)
      return std::make_unique<LineSink>(format, LinesOf(options));
  Exporter::Create(options.format);  // an unknown name is said first
  EYECHART_REQUIRE(!options.lines,
                   "format \"{}\" is a whole document and needs a file; csv, "
                   "jsonl and github can be written line by line",
                   options.format);
  return std::make_unique<DocumentSink>(options);
}

}  // namespace eyechart::reports
