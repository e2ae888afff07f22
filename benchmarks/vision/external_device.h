// Another program as a device under load: started once a query.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "benchmarks/load/device_under_test.h"
#include "data/dataset.h"

namespace eyechart::benchmarks {

struct ExternalDeviceOptions {
  /// Cut into words by CommandWords. `{image}` stands for a picture's path; a
  /// word that is nothing else becomes a word a picture of the query. Without
  /// it the same command is run each time.
  std::string command;
};

/// Whether `command` asks for pictures.
bool TakesPictures(const std::string& command);

/// A query's latency is from the program's start to its end, loading included,
/// as a shell would have it; no shell is between. Its input and output are
/// /dev/null. There are no stages: what it does is its own.
class ExternalDevice final : public DeviceUnderTest {
 public:
  /// `pictures` (none where the command takes none) outlives the device; `used`
  /// are those that samples stand for. Throws InputError for a command that
  /// cannot be cut into words.
  ExternalDevice(const ExternalDeviceOptions& options,
                 const data::Dataset* pictures,
                 std::vector<std::size_t> used);
  ~ExternalDevice() override;
  ExternalDevice(const ExternalDevice&) = delete;
  ExternalDevice& operator=(const ExternalDevice&) = delete;

  std::string Name() const override { return words_.front(); }
  std::vector<std::string> Stages() const override { return {}; }
  std::int64_t SampleCount() const override;
  /// Writes the samples into a temporary folder, whatever they come from.
  void Prepare(const LoadPlan& plan) override;
  /// Throws InputError where the program cannot be started, or does not end
  /// with status 0: with the command and the end of what it wrote to stderr.
  void Run(const Query& query, StageRecorder& recorder) override;
  bool StartsPrograms() const override { return true; }

  /// The most memory that a query's program had resident, bytes; 0 before one.
  std::int64_t peak_memory_bytes() const { return peak_; }

 private:
  std::vector<std::string> WordsOf(const Query& query) const;
  std::filesystem::path PictureFile(std::int64_t sample) const;

  std::vector<std::string> words_;
  const data::Dataset* pictures_;
  const std::vector<std::size_t> used_;
  std::filesystem::path folder_;
  std::atomic<std::int64_t> peak_ = 0;
};

}  // namespace eyechart::benchmarks
