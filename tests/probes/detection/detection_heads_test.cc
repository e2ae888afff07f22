#include "probes/detection/detection_heads.h"

#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/fixture.h"

namespace eyechart::detection {
namespace {

HeadOptions Options() {
  HeadOptions options;
  options.pyramid.maps = {{16, 16}};
  options.pyramid.width = 64;
  options.classes = 3;
  return options;
}

TEST(CreateHead, KnowsItsKinds) {
  EXPECT_EQ(HeadKinds(), (std::vector<std::string>{"dense", "set"}));
  const at::Tensor map = at::randn({1, 16, 6, 6});
  for (const std::string& kind : HeadKinds()) {
    const auto head = CreateHead(kind, Options());
    EXPECT_EQ(head->needs_nms(), kind == "dense");
    EXPECT_EQ(head->Detect({map}, {}).size(), 1u);
    std::set<std::string> names;
    for (const auto& [name, tensor] : head->Parameters()) {
      EXPECT_TRUE(names.insert(name).second) << name;
      EXPECT_TRUE(tensor.requires_grad() && tensor.is_contiguous()) << name;
    }
  }
}

TEST(CreateHead, HandsLayersOn) {
  for (const std::string& kind : HeadKinds()) {
    HeadOptions options = Options();
    options.layers = 1;
    const std::size_t one = CreateHead(kind, options)->Parameters().size();
    options.layers = 4;
    EXPECT_GT(CreateHead(kind, options)->Parameters().size(), one) << kind;
  }
}

TEST(CreateHead, SeedsAreTheWholeHeads) {
  for (const std::string& kind : HeadKinds()) {
    HeadOptions options = Options();
    const NamedTensors one = CreateHead(kind, options)->Parameters();
    const NamedTensors same = CreateHead(kind, options)->Parameters();
    options.pyramid.seed = 1;
    const NamedTensors other = CreateHead(kind, options)->Parameters();
    bool differs = false;
    for (std::size_t i = 0; i < one.size(); ++i) {
      EXPECT_TRUE(at::equal(one[i].second, same[i].second)) << one[i].first;
      differs = differs || !at::equal(one[i].second, other[i].second);
    }
    EXPECT_TRUE(differs) << kind;
  }
}

TEST(CreateHead, ListsKindsForAnother) {
  const std::string error =
      testing::InputErrorOf([] { CreateHead("fcos", Options()); });
  EXPECT_NE(error.find("\"fcos\""), std::string::npos);
  EXPECT_NE(error.find("dense, set"), std::string::npos);
}

}  // namespace
}  // namespace eyechart::detection
