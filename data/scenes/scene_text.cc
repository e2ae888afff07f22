#include "data/scenes/scene_text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "core/error.h"

namespace eyechart::scenes::internal {
namespace {

std::string Plural(std::string_view name) {
  if (name == "fish") return "fish";
  return fmt::format("{}{}", name, name == "bus" ? "es" : "s");
}

bool HasHeading(const Thing& thing) {
  constexpr std::array<std::string_view, 9> kHeading = {
      "dog", "cat", "horse", "bird", "duck", "fish", "car", "bus", "plane"};
  return std::find(kHeading.begin(), kHeading.end(), thing.name) !=
         kHeading.end();
}

int Count(std::span<const Seen> seen, std::string_view name) {
  return static_cast<int>(
      std::count_if(seen.begin(), seen.end(),
                    [name](const Seen& s) { return s.thing->name == name; }));
}

std::string Noun(const Seen& s, bool plural) {
  const std::string name =
      plural ? Plural(s.thing->name) : std::string(s.thing->name);
  return s.color.empty() ? name : fmt::format("{} {}", s.color, name);
}

std::string Article(const std::string& noun) {
  constexpr std::string_view kVowels = "aeiou";
  const bool vowel = kVowels.find(noun.front()) != std::string_view::npos;
  return fmt::format("{} {}", vowel ? "an" : "a", noun);
}

std::string Details(const Seen& s) {
  std::string text;
  if (HasHeading(*s.thing))
    text += s.faces_right ? " facing right" : " facing left";
  text += s.x < 0.38   ? " on the left"
          : s.x > 0.62 ? " on the right"
                       : " in the middle";
  return text;
}

// Shuffles the options, of which the first is right.
void Ask(Rng& rng, SceneQuestion& question) {
  const std::string right = question.options.front();
  rng.Shuffle(question.options);
  const auto at =
      std::find(question.options.begin(), question.options.end(), right);
  question.answer = static_cast<char>('a' + (at - question.options.begin()));
}

}  // namespace

std::string_view NumberWord(int number) {
  static constexpr std::array<std::string_view, 13> kWords = {
      "no",    "one",   "two",  "three", "four",   "five",  "six",
      "seven", "eight", "nine", "ten",   "eleven", "twelve"};
  return kWords.at(static_cast<std::size_t>(number));
}

std::string Caption(Rng& rng,
                    std::span<const Seen> seen,
                    const std::string& setting,
                    bool detailed) {
  std::vector<std::string> parts;
  std::vector<std::string> nouns;
  std::vector<std::size_t> order(seen.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  rng.Shuffle(order);
  for (const std::size_t i : order) {
    const Seen& s = seen[i];
    const std::string noun = Noun(s, false);
    if (std::find(nouns.begin(), nouns.end(), noun) != nouns.end()) continue;
    nouns.push_back(noun);
    const auto alike = static_cast<int>(std::count_if(
        seen.begin(), seen.end(),
        [&](const Seen& other) { return Noun(other, false) == noun; }));
    if (!detailed)
      parts.push_back(alike > 1 ? Noun(s, true) : Article(noun));
    else if (alike > 1)
      parts.push_back(fmt::format("{} {}", NumberWord(alike), Noun(s, true)));
    else
      parts.push_back(Article(noun) + Details(s));
  }
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) text += i + 1 == parts.size() ? " and " : ", ";
    text += parts[i];
  }
  text += " " + setting;
  if (text[0] >= 'a' && text[0] <= 'z')
    text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

std::vector<SceneQuestion> Questions(
    Rng& rng,
    std::span<const Seen> seen,
    std::span<const std::string_view> possible) {
  std::vector<SceneQuestion> questions;
  if (seen.empty()) return questions;
  const auto count = static_cast<int>(seen.size());
  const auto at = [&](int i) -> const Seen& {
    return seen[static_cast<std::size_t>(i % count)];
  };

  const int first = rng.Below(count);
  for (int i = first; i < first + count; ++i) {
    const Seen& s = at(i);
    if (s.color.empty() || Count(seen, s.thing->name) != 1) continue;
    SceneQuestion q;
    q.pattern = "color";
    q.question = fmt::format("What color is the {}?", s.thing->name);
    q.options.emplace_back(s.color);
    while (q.options.size() < 4) {
      const std::string other(rng.Pick(NamedColors()).name);
      if (std::find(q.options.begin(), q.options.end(), other) ==
          q.options.end())
        q.options.push_back(other);
    }
    Ask(rng, q);
    questions.push_back(std::move(q));
    break;
  }

  SceneQuestion presence;
  presence.pattern = "presence";
  std::string_view asked = at(rng.Below(count)).thing->name;
  bool there = true;
  if (rng.Chance(0.5)) {
    const int start = rng.Below(static_cast<int>(possible.size()));
    for (std::size_t i = 0; i < possible.size(); ++i) {
      const std::string_view name =
          possible[(static_cast<std::size_t>(start) + i) % possible.size()];
      if (Count(seen, name) > 0) continue;
      asked = name;
      there = false;
      break;
    }
  }
  presence.question =
      fmt::format("Is there {} in the picture?", WithArticle(FindThing(asked)));
  presence.options = there ? std::vector<std::string>{"yes", "no"}
                           : std::vector<std::string>{"no", "yes"};
  Ask(rng, presence);
  questions.push_back(std::move(presence));

  const Seen& counted = at(rng.Below(count));
  const int number = Count(seen, counted.thing->name);
  SceneQuestion quantity;
  quantity.pattern = "quantity";
  quantity.question = fmt::format("How many {} are in the picture?",
                                  Plural(counted.thing->name));
  // Four numbers in a row that hold the right one, anywhere among them.
  const int low = std::max(0, number - rng.Below(4));
  quantity.options.emplace_back(NumberWord(number));
  for (int n = low; n < low + 4; ++n) {
    if (n != number) quantity.options.emplace_back(NumberWord(n));
  }
  Ask(rng, quantity);
  questions.push_back(std::move(quantity));

  for (int i = first; i < first + count; ++i) {
    const Seen& a = at(i);
    const Seen& b = at(i + 1);
    if (a.thing == b.thing || Count(seen, a.thing->name) != 1 ||
        Count(seen, b.thing->name) != 1 || std::abs(a.x - b.x) < 0.15)
      continue;
    SceneQuestion q;
    q.pattern = "position";
    q.question = fmt::format("Which is further to the left: the {} or the {}?",
                             a.thing->name, b.thing->name);
    const bool a_left = a.x < b.x;
    q.options = {std::string(a_left ? a.thing->name : b.thing->name),
                 std::string(a_left ? b.thing->name : a.thing->name)};
    Ask(rng, q);
    questions.push_back(std::move(q));
    break;
  }
  return questions;
}

}  // namespace eyechart::scenes::internal
