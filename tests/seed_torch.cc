// LibTorch's generator before each test. In C++ it starts from a random seed,
// so that a test of at::rand would be another one each time. And what programs
// do first (encoders/vector_math.h), so that no test differs on a busy machine.
#include <ATen/Context.h>
#include <gtest/gtest.h>

#include "encoders/vector_math.h"
#include "tests/fixture.h"

namespace {

class ReseedTorch : public testing::EmptyTestEventListener {
  void OnTestProgramStart(const testing::UnitTest& /*all*/) override {
    eyechart::encoders::SettleVectorMath();
  }
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
