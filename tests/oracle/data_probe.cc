// Runs single steps of eyechart::data for the parity tests.
//
//   data_probe JOBS OUT
//
// JOBS has one tab-separated job a line:
//   decode      ALPHA ORIENT FILE               (drop|white, none|exif)
//   reduced     WIDTH HEIGHT ORIENT FILE        (fast decode for that target)
//   resize      WIDTH HEIGHT FILTER FILE        (Pillow's filter number)
//   preprocess  CONFIG_FOLDER MODEL_TYPE FILE [fast] [exif]
//   resolution  HEIGHT WIDTH CONFIG_FOLDER MODEL_TYPE FILE
//   time        N JOB...                        (resize or preprocess)
// OUT gets one record a job: five little-endian int32 (failed, height, width,
// bytes a value, length of text), the text (a note or the error; for `time` the
// seconds of N runs, without reading the file and for `resize` without decoding
// it), and the values: (height, width, 3) of uint8 or (3, height, width) of
// float32. JOBS and OUT may be /dev/stdin and /dev/stdout, to be asked job by
// job.
#include <chrono>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "core/files.h"
#include "data/decode.h"
#include "data/preprocess.h"
#include "data/resize.h"

namespace eyechart::data {
namespace {

struct Record {
  std::int32_t failed = 0;
  std::int32_t height = 0;
  std::int32_t width = 0;
  std::int32_t value_bytes = 1;
  std::string text;
  std::string values;
};

template <typename T>
std::string AsBytes(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()),
          values.size() * sizeof(T)};
}

Record OfImage(const Image& image, const std::string& note) {
  return {0, image.height, image.width, 1, note, AsBytes(image.pixels)};
}

Record OfPixels(const Pixels& pixels) {
  return {0, pixels.height, pixels.width, 4, "", AsBytes(pixels.values)};
}

using Job = std::vector<std::string>;

OrientMode OrientOf(const std::string& name) {
  return name == "exif" ? OrientMode::kExif : OrientMode::kNone;
}

Record DecodeStep(const Job& job) {
  DecodeOptions options;
  if (job.at(1) == "white") options.alpha = AlphaMode::kWhite;
  options.orient = OrientOf(job.at(2));
  const Decoded decoded = Decode(ReadFile(job.at(3)), options);
  return OfImage(decoded.image, decoded.note);
}

Record ReducedStep(const Job& job) {
  const PictureSize target = {std::stoi(job.at(2)), std::stoi(job.at(1))};
  DecodeOptions options;
  options.mode = DecodeMode::kFast;
  options.orient = OrientOf(job.at(3));
  const Decoded decoded =
      Decode(ReadFile(job.at(4)), options,
             [&target](const PictureSize&) { return target; });
  return OfImage(decoded.image, decoded.note);
}

// The rest of a job after its file is read: what `time` measures.
using Step = std::function<Record()>;

Step ResizeStep(const Job& job) {
  const int width = std::stoi(job.at(1));
  const int height = std::stoi(job.at(2));
  const auto filter = static_cast<Filter>(std::stoi(job.at(3)));
  Image image = Decode(ReadFile(job.at(4)), {}).image;
  return [=, image = std::move(image)] {
    return OfImage(Resize(image, width, height, filter), "");
  };
}

Step PreprocessStep(const Job& job) {
  PreprocessOptions options = ReadPreprocess(job.at(1), job.at(2));
  for (std::size_t i = 4; i < job.size(); ++i) {
    if (job[i] == "fast") options.decode.mode = DecodeMode::kFast;
    if (job[i] == "exif") options.decode.orient = OrientMode::kExif;
  }
  return [options, bytes = ReadFile(job.at(3))] {
    return OfPixels(DecodeAndPreprocess(bytes, options).pixels);
  };
}

Step ResolutionStep(const Job& job) {
  const PreprocessOptions options =
      WithResolution(ReadPreprocess(job.at(3), job.at(4)), std::stoi(job.at(1)),
                     std::stoi(job.at(2)));
  return [options, bytes = ReadFile(job.at(5))] {
    return OfPixels(DecodeAndPreprocess(bytes, options).pixels);
  };
}

Step StepOf(const Job& job) {
  const std::string& name = job.at(0);
  if (name == "decode") return [&job] { return DecodeStep(job); };
  if (name == "reduced") return [&job] { return ReducedStep(job); };
  if (name == "resize") return ResizeStep(job);
  if (name == "preprocess") return PreprocessStep(job);
  if (name == "resolution") return ResolutionStep(job);
  throw std::runtime_error("no such step: " + name);
}

Record Run(const Job& job) {
  if (job.at(0) != "time") return StepOf(job)();
  const Job timed(job.begin() + 2, job.end());
  const Step step = StepOf(timed);
  Record record;
  std::ostringstream seconds;
  for (int i = 0; i < std::stoi(job.at(1)); ++i) {
    const auto start = std::chrono::steady_clock::now();
    record = step();
    const std::chrono::duration<double> passed =
        std::chrono::steady_clock::now() - start;
    seconds << passed.count() << " ";
  }
  record.text = seconds.str();
  return record;
}

void Write(std::ostream& out, const Record& record) {
  const std::int32_t head[5] = {record.failed, record.height, record.width,
                                record.value_bytes,
                                static_cast<std::int32_t>(record.text.size())};
  out.write(reinterpret_cast<const char*>(head), sizeof head);
  out << record.text << record.values << std::flush;
}

int Main(const char* jobs, const char* path) {
  std::ifstream in(jobs);
  std::ofstream out(path, std::ios::binary);
  for (std::string line; std::getline(in, line);) {
    Job job;
    std::istringstream fields(line);
    for (std::string field; std::getline(fields, field, '\t');)
      job.push_back(field);
    try {
      Write(out, Run(job));
    } catch (const InputError& error) {
      Write(out, {1, 0, 0, 1, error.what(), ""});
    }
  }
  return in.eof() && out.flush() ? 0 : 1;
}

}  // namespace
}  // namespace eyechart::data

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: data_probe JOBS OUT\n";
    return 2;
  }
  try {
    return eyechart::data::Main(argv[1], argv[2]);
  } catch (const std::exception& error) {
    std::cerr << "data_probe: " << error.what() << "\n";
    return 1;
  }
}
