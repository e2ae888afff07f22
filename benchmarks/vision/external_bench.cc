#include "benchmarks/vision/external_bench.h"

namespace eyechart::benchmarks {

ExternalBench::ExternalBench(const ExternalBenchOptions& options,
                             const data::Dataset* pictures)
    : options_(options), pictures_(pictures) {
  if (pictures != nullptr) {
    PickOptions pick;
    pick.most = options.most_pictures;
    pick.seed = options.seed;
    pick.decode = false;  // what the program reads is its own affair
    picked_ = PickPictures(*pictures, pick);
  }
  device_ = std::make_unique<ExternalDevice>(
      ExternalDeviceOptions{options.command}, pictures, picked_.index);
}

BenchSetting ExternalBench::setting() const {
  return {"", options_.device == "cpu" ? "" : options_.device};
}

Json ExternalBench::Describe() const {
  Json json = {{"program", options_.command}, {"pictures", nullptr}};
  if (pictures_ != nullptr)
    json["pictures"] = {{"from", pictures_->name()},
                        {"given", picked_.given},
                        {"used", picked_.index.size()},
                        {"unreadable", picked_.unreadable},
                        {"sha256", picked_.sha256}};
  return json;
}

Record ExternalBench::BaseRecord() const {
  Record record;
  record.dataset_sha256 = picked_.sha256;
  for (const std::string& warning : picked_.warnings)
    record.message += (record.message.empty() ? "" : "; ") + warning;
  return record;
}

}  // namespace eyechart::benchmarks
