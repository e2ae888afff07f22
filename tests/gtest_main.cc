// Main of every test: the shared generator starts anew before each test, so
// that no test depends on which ran before it.
#include <gtest/gtest.h>

#include "tests/fixture.h"

namespace {

class Reseed : public testing::EmptyTestEventListener {
  void OnTestStart(const testing::TestInfo&) override {
    eyechart::testing::Rng().seed(eyechart::testing::kSeed);
  }
};

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  testing::UnitTest::GetInstance()->listeners().Append(new Reseed);
  return RUN_ALL_TESTS();
}
