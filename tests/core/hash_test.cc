#include "core/hash.h"

#include <gtest/gtest.h>

#include "tests/fixture.h"

namespace eyechart {
namespace {

// FIPS 180-4's examples.
TEST(Sha256, EqualsTheStandardsExamples) {
  EXPECT_EQ(Sha256Hex(""),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256Hex("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, IsTheSameInPiecesAndFromAFile) {
  const std::string text(3'000'001, 'x');
  Sha256 hash;
  hash.Update(std::string_view(text).substr(0, 1'000'000));
  hash.Update(std::string_view(text).substr(1'000'000));
  EXPECT_EQ(hash.HexDigest(), Sha256Hex(text));
  const testing::TempFolder folder;
  testing::WriteText(folder / "f", text);
  EXPECT_EQ(Sha256File(folder / "f"), Sha256Hex(text));
}

TEST(Sha256File, NamesAFileThatIsNotThere) {
  EXPECT_NE(testing::InputErrorOf([] {
              Sha256File("no/such/file");
            }).find("no/such/file"),
            std::string::npos);
}

}  // namespace
}  // namespace eyechart
