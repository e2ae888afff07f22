// Runs single steps of eyechart::data for the parity tests.
//
//   data_probe JOBS OUT
//
// JOBS has one tab-separated job a line:
//   decode      ALPHA ORIENT FILE               (drop|white, none|exif)
//   resize      WIDTH HEIGHT FILTER FILE        (Pillow's filter number)
//   preprocess  CONFIG_FOLDER MODEL_TYPE FILE
//   resolution  HEIGHT WIDTH CONFIG_FOLDER MODEL_TYPE FILE
// OUT gets one record a job: five little-endian int32 (failed, height, width,
// bytes a value, length of text), the text (a note or the error), and the
// values: (height, width, 3) of uint8 or (3, height, width) of float32.
#include <cstdint>
#include <exception>
#include <filesystem>
#include <fstream>
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

Record Run(const std::vector<std::string>& job) {
  const std::string& step = job.at(0);
  if (step == "decode") {
    DecodeOptions options;
    if (job.at(1) == "white") options.alpha = AlphaMode::kWhite;
    if (job.at(2) == "exif") options.orient = OrientMode::kExif;
    const Decoded decoded = Decode(ReadFile(job.at(3)), options);
    return OfImage(decoded.image, decoded.note);
  }
  if (step == "resize") {
    const Image image = Decode(ReadFile(job.at(4)), {}).image;
    return OfImage(Resize(image, std::stoi(job.at(1)), std::stoi(job.at(2)),
                          static_cast<Filter>(std::stoi(job.at(3)))),
                   "");
  }
  if (step == "preprocess") {
    const PreprocessOptions options = ReadPreprocess(job.at(1), job.at(2));
    return OfPixels(
        Preprocess(Decode(ReadFile(job.at(3)), options.decode).image, options));
  }
  if (step == "resolution") {
    const PreprocessOptions options =
        WithResolution(ReadPreprocess(job.at(3), job.at(4)),
                       std::stoi(job.at(1)), std::stoi(job.at(2)));
    return OfPixels(
        Preprocess(Decode(ReadFile(job.at(5)), options.decode).image, options));
  }
  throw std::runtime_error("no such step: " + step);
}

void Write(std::ostream& out, const Record& record) {
  const std::int32_t head[5] = {record.failed, record.height, record.width,
                                record.value_bytes,
                                static_cast<std::int32_t>(record.text.size())};
  out.write(reinterpret_cast<const char*>(head), sizeof head);
  out << record.text << record.values;
}

int Main(const char* jobs, const char* path) {
  std::ifstream in(jobs);
  std::ofstream out(path, std::ios::binary);
  for (std::string line; std::getline(in, line);) {
    std::vector<std::string> job;
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
