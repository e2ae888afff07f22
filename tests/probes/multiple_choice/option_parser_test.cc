#include "probes/multiple_choice/option_parser.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/fixture.h"

namespace eyechart::multiple_choice {
namespace {

constexpr int kNone = -1;     // names no option
constexpr int kSeveral = -2;  // names more than one

struct Row {
  std::string answer;
  int option;
};

int Parsed(const std::string& answer,
           const std::vector<std::string>& options,
           Notation notation = Notation::kLetters) {
  const ParsedAnswer parsed = ParseOption(answer, options, notation);
  if (parsed.option) return *parsed.option;
  return parsed.several ? kSeveral : kNone;
}

void Check(const std::vector<Row>& rows,
           const std::vector<std::string>& options,
           Notation notation = Notation::kLetters) {
  for (const Row& row : rows)
    EXPECT_EQ(Parsed(row.answer, options, notation), row.option) << row.answer;
}

// Labelled by hand. The first three are those that another harness's five
// patterns read as A (protocols, 3.2), the fourth is read so by a second one.
TEST(ParseOption, ReadsLeftOrRight) {
  Check(
      {
          {"The zebra faces right, (b)", 1},
          {"A dog facing right", 1},
          {"It is a closed wing (b)", 1},
          {"A", 0},
          // Marks.
          {"B", 1},
          {"b", 1},
          {"(a)", 0},
          {"(B)", 1},
          {"[b]", 1},
          {"\\boxed{B}", 1},
          {"( b )", 1},
          {"b)", 1},
          {"B.", 1},
          {"B:", 1},
          {"A.", 0},
          {"A: Left", 0},
          {"a) Left", 0},
          {"B.Right", 1},
          {"**B**", 1},
          {"**(b)** Right", 1},
          {"'a'", 0},
          {"\u201cB\u201d", 1},
          {"\uff08b\uff09", 1},
          {"  b \n", 1},
          {"(b) Right", 1},
          {"(b) Right. The dog's nose points there.", 1},
          {"I would say (a).", 0},
          {"(b), not the other one", 1},
          // After "answer" and "option".
          {"The answer is B", 1},
          {"The answer is b.", 1},
          {"answer: a", 0},
          {"Answer: B", 1},
          {"Answer:\nB", 1},
          {"The correct answer is (a)", 0},
          {"The answer to the question is B", 1},
          {"Option A", 0},
          {"option b is what I see", 1},
          {"I choose option A because of its nose", 0},
          {"The answer is A because it looks there", 0},
          {"My answer would be A, clearly", 0},
          {"the right option is: b", 1},
          // Articles.
          {"A dog", kNone},
          {"It is a dog", kNone},
          {"The answer is a dog looking right", 1},
          {"Answer: A dog", kNone},
          {"a photo of a dog", kNone},
          {"(A dog facing left)", 0},
          {"This is a left-facing dog", 0},
          // Texts of options.
          {"left", 0},
          {"To the RIGHT.", 1},
          {"It faces left", 0},
          {"lefty", kNone},
          {"The dog's right", 1},
          // None or several.
          {"", kNone},
          {"I cannot tell.", kNone},
          {"left or right", kSeveral},
          {"(a) or (b)", kSeveral},
          {"Both (a) and (b)", kSeveral},
          {"A) Left B) Right", kSeveral},
          {"(c)", kNone},
          {"Option D", kNone},
          {"U.S.A.", kNone},
          {"at 10 a.m. or so", kNone},
          {"Yes", kNone},
          {"2", kNone},
          {"AB", kNone},
          // The same one twice is one.
          {"(b) (b)", 1},
          {"B. The answer is B.", 1},
          // A mark counts before words do.
          {"(a), although it could be right", 0},
      },
      {"Left", "Right"});
}

TEST(ParseOption, TakesTheLongerOfTwoTexts) {
  Check({{"It is dark red", 1},
         {"red", 0},
         {"red and dark red", kSeveral},
         {"Dark  Red!", 1},
         {"a red one", 0},
         {"blue", kNone}},
        {"Red", "Dark red"});
}

TEST(ParseOption, CountsAnArticleOnlyAsTheWholeAnswer) {
  Check({{"the letter on a card", kNone}, {"(b)", 1}, {"It says B", kNone}},
        {"A", "The"});
  // A letter alone is a mark, also where another option is that letter.
  Check({{"A", 0}}, {"B", "A"});
}

TEST(ParseOption, ReadsNumbers) {
  Check({{"(2)", 1},
         {"2", 1},
         {"2.", 1},
         {"1) One apple", 0},
         {"The answer is 1", 0},
         {"Option 2", 1},
         {"The answer is 2 apples", kNone},
         {"There are 2 apples", kNone},
         {"2.5", kNone},
         {"12.", kNone},
         {"(3)", kNone},
         {"(b)", kNone},
         {"one apple", 0},
         {"(1) or (2)", kSeveral}},
        {"One apple", "Two apples"}, Notation::kNumbers);
}

TEST(ParseOption, ReadsFourTimes) {
  Check({{"It is 3:45.", 0},
         {"13:45", kNone},
         {"3:45:10", kNone},
         {"9:15", 1},
         {"d", 3},
         {"(c) 4:45", 2},
         {"3:45 or 9:15", kSeveral},
         {"-3:45", kNone}},
        {"3:45", "9:15", "4:45", "3:50"});
}

TEST(ParseOption, KeepsSignsAndDecimals) {
  Check({{"4.5", 0}, {"-4.5 degrees", 1}, {"14.5", kNone}, {"4.52", kNone}},
        {"4.5", "-4.5"});
}

TEST(ParseNotation, NamesWhatIsKnown) {
  EXPECT_EQ(ParseNotation("numbers"), Notation::kNumbers);
  EXPECT_NE(testing::InputErrorOf([] {
              ParseNotation("roman");
            }).find("letters or numbers"),
            std::string::npos);
}

}  // namespace
}  // namespace eyechart::multiple_choice
