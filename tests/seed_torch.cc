// LibTorch's generator before each test. In C++ it starts from a random seed,
// so that a test of at::rand would be another one each time.
#include <ATen/Context.h>
#include <gtest/gtest.h>

#include "tests/fixture.h"

namespace {

class ReseedTorch : public testing::EmptyTestEventListener {
  void OnTestStart(const testing::TestInfo& /*info*/) override {
    at::manual_seed(eyechart::testing::kSeed);
  }
};

// googletest owns and deletes it.
const bool kListening = [] {
  testing::UnitTest::GetInstance()->listeners().Append(new ReseedTorch);
  return true;
}();

}  // namespace
