#include "encoders/pickle_scan.h"

#include <gtest/gtest.h>

#include <span>

#include "tests/fixture.h"

namespace eyechart::encoders {
namespace {

using eyechart::testing::InputErrorOf;
using namespace std::string_literals;

std::string Plain(const std::string& pickle) {
  return PlainPickle(std::as_bytes(std::span(pickle)), "w.bin");
}

std::string ErrorOf(const std::string& pickle) {
  return InputErrorOf([&] { Plain(pickle); });
}

TEST(PickleScanTest, PutsOrderedDictsAndAttributesInPlainTerms) {
  // {"a": 1}, as CPython writes it.
  const std::string dictionary =
      "\x80\x02}q\x00X\x01\x00\x00\x00"
      "aq\x01K\x01s."s;
  EXPECT_EQ(Plain(dictionary), dictionary);
  // Two OrderedDict(), the second by its memo, the first with attributes.
  const std::string ordered =
      "\x80\x02"
      "ccollections\nOrderedDict\nq\x00)Rq\x01h\x00)R}b\x86."s;
  EXPECT_EQ(Plain(ordered), "\x80\x02}q\x01}}\x86\x86."s);
}

TEST(PickleScanTest, RefusesGlobalsByName) {
  EXPECT_NE(ErrorOf("\x80\x02"
                    "cposix\nsystem\n."s)
                .find("posix.system"),
            std::string::npos);
  // A text that only looks like one is no global.
  EXPECT_EQ(ErrorOf("\x80\x02X\x0c\x00\x00\x00"
                    "cos\nsystem\n.."s),
            "");
}

TEST(PickleScanTest, RefusesOtherWaysToCall) {
  // INST, OBJ, NEWOBJ, STACK_GLOBAL, EXT1.
  for (const char opcode : {'i', 'o', '\x81', '\x93', '\x82'}) {
    const std::string error = ErrorOf("\x80\x02"s + opcode + "os\nsystem\n.");
    EXPECT_NE(error.find("opcode"), std::string::npos) << error;
  }
  EXPECT_NE(ErrorOf("\x80\x04."s).find("protocol 4"), std::string::npos);
}

TEST(PickleScanTest, RefusesWhatIsCutShort) {
  for (const std::string& pickle : {""s, "\x80"s, "\x80\x02"s,
                                    "\x80\x02X\xff\xff\xff\xff"
                                    "a."s,
                                    "\x80\x02"
                                    "ccollections"s,
                                    "\x80\x02J\x00\x00"s})
    EXPECT_NE(ErrorOf(pickle).find("ends in the middle"), std::string::npos)
        << pickle.size();
  EXPECT_NE(ErrorOf("\x80\x02Nr\xff\xff\xff\x7f."s).find("memo"),
            std::string::npos);
}

}  // namespace
}  // namespace eyechart::encoders
