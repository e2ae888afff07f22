#include "benchmarks/vision/external_device.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "benchmarks/load/scenario.h"
#include "benchmarks/vision/measure.h"
#include "core/files.h"
#include "tests/benchmarks/vision/memory_pictures.h"
#include "tests/fixture.h"

namespace eyechart::benchmarks {
namespace {

using eyechart::testing::InputErrorOf;
using eyechart::testing::TempFolder;
using testing::MemoryPictures;

const MemoryPictures& Pictures() {
  static const MemoryPictures pictures(
      {{"folder/a.jpg", "first"}, {"b.png", "second"}, {"idx/2", "third"}});
  return pictures;
}

void Ask(ExternalDevice& device, const std::vector<std::int64_t>& samples) {
  const MonotonicClock clock;
  StageRecorder recorder(clock, 0, 0);
  recorder.Start(0);
  device.Prepare({samples, static_cast<std::int64_t>(samples.size()), 1});
  device.Run({0, samples, 0}, recorder);
}

TEST(ExternalDevice, HandsThePicturesOver) {
  const TempFolder folder;
  const std::string out = (folder / "seen").string();
  ExternalDevice device({"sh -c 'cat \"$@\" > " + out + "' sh {image}"},
                        &Pictures(), {2, 0});
  EXPECT_EQ(device.SampleCount(), 2);
  EXPECT_TRUE(device.Stages().empty());
  Ask(device, {1});
  EXPECT_EQ(ReadFile(out), "first");
  Ask(device, {0, 1, 0});
  EXPECT_EQ(ReadFile(out), "thirdfirstthird");
  EXPECT_GT(device.peak_memory_bytes(), 0);
}

TEST(ExternalDevice, KeepsTheFilesEndings) {
  const TempFolder folder;
  const std::string out = (folder / "seen").string();
  const auto ending = [&](std::size_t picture) {
    ExternalDevice device({"sh -c 'echo \"$1\" > " + out + "' sh --in={image}"},
                          &Pictures(), {picture});
    Ask(device, {0});
    std::string seen = ReadFile(out);
    seen.pop_back();
    EXPECT_EQ(seen.substr(0, 6), "--in=/");
    return std::filesystem::path(seen).extension().string();
  };
  EXPECT_EQ(ending(0), ".jpg");
  EXPECT_EQ(ending(1), ".png");
  EXPECT_EQ(ending(2), ".bmp");
}

TEST(ExternalDevice, SaysHowAProgramFailed) {
  ExternalDevice failing({"sh -c 'echo no weights >&2; exit 3'"}, nullptr, {});
  EXPECT_EQ(failing.SampleCount(), 1);
  const std::string error = InputErrorOf([&] { Ask(failing, {0}); });
  for (const char* part : {"exit 3", "status 3", "stderr: no weights"})
    EXPECT_NE(error.find(part), std::string::npos) << error;
  ExternalDevice killed({"sh -c 'kill -9 $$'"}, nullptr, {});
  EXPECT_NE(InputErrorOf([&] { Ask(killed, {0}); }).find("signal 9"),
            std::string::npos);
  ExternalDevice missing({"no-such-program-of-eyechart"}, nullptr, {});
  EXPECT_NE(InputErrorOf([&] {
              Ask(missing, {0});
            }).find("no-such-program-of-eyechart: cannot be started"),
            std::string::npos);
}

TEST(ExternalDevice, SaysWhatPlaceholdersCannotBe) {
  EXPECT_NE(InputErrorOf([] {
              ExternalDevice({"prog {image}"}, nullptr, {});
            }).find("there are none"),
            std::string::npos);
  ExternalDevice device({"true --in={image}"}, &Pictures(), {0, 1});
  EXPECT_NE(InputErrorOf([&] {
              Ask(device, {0, 1});
            }).find("--batch 1"),
            std::string::npos);
}

// In a container the driver tells of us and of each lane's program by numbers
// that are not ours.
TEST(ExternalDevice, HasAProgramALaneBesideUs) {
  const ExternalDevice device({"true"}, nullptr, {});
  EXPECT_EQ(OwnContexts(device, 1), 2);
  EXPECT_EQ(OwnContexts(device, 3), 4);
}

TEST(ExternalDevice, RunsUnderLoad) {
  ExternalDevice device({"test -s {image}"}, &Pictures(), {0, 1, 2});
  MonotonicClock clock;
  LoadOptions options;
  options.min_seconds = 0;
  options.min_queries = 12;
  options.warmup_queries = 2;
  const LoadResult result = RunLoad(device, clock, options);
  EXPECT_EQ(result.device, "test");
  EXPECT_EQ(result.latency.n, 12);
  EXPECT_GT(*result.latency.min.value, 0);
}

}  // namespace
}  // namespace eyechart::benchmarks
