// CLIP's byte-pair encoding of captions, on a made vocabulary of its size.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "benchmarks/micro/scratch.h"
#include "core/files.h"
#include "core/json.h"
#include "core/random.h"
#include "encoders/clip_tokenizer.h"

namespace eyechart::benchmarks {
namespace {

constexpr std::size_t kVocabulary = 49408;  // CLIP's
constexpr std::size_t kCaptions = 256;
constexpr std::int64_t kMaxLength = 77;
constexpr char kEndOfWord[] = "</w>";

// Commoner letters come first, as in English.
std::string MakeWord(Random& random) {
  constexpr std::string_view kLetters = "etaoinsrhldcumfpgwybvkxjqz";
  std::string word;
  const std::size_t length = 2 + random.Below(8);
  for (std::size_t i = 0; i < length; ++i) {
    const double drawn = random.Uniform();
    word += kLetters[static_cast<std::size_t>(
        drawn * drawn * static_cast<double>(kLetters.size()))];
  }
  return word;
}

// Letters, and words that grow by a letter a merge until the vocabulary is
// full: most words of a caption are whole tokens, some fall into several, as
// with CLIP's own.
std::vector<std::string> WriteVocabulary(const std::filesystem::path& folder) {
  Random random(7);
  Json ids = Json::object();
  const auto add = [&ids](const std::string& token) {
    if (ids.contains(token)) return false;
    const std::size_t id = ids.size();
    ids[token] = id;
    return true;
  };
  for (char letter = '!'; letter <= '~'; ++letter) {
    add(std::string(1, letter));
    add(std::string(1, letter) + kEndOfWord);
  }
  std::string merges = "#version: 0.2\n";
  std::vector<std::string> words;
  while (ids.size() < kVocabulary - 2) {
    words.push_back(MakeWord(random));
    const std::string& word = words.back();
    for (std::size_t end = 2;
         end <= word.size() && ids.size() < kVocabulary - 2; ++end) {
      const std::string tail = end == word.size() ? kEndOfWord : "";
      if (!add(word.substr(0, end) + tail)) continue;
      merges += word.substr(0, end - 1);
      merges += ' ';
      merges += word[end - 1];
      merges += tail + '\n';
    }
  }
  add("<|startoftext|>");
  add("<|endoftext|>");
  WriteFileAtomic(folder / "vocab.json", ids.dump());
  WriteFileAtomic(folder / "merges.txt", merges);
  return words;
}

// About a dozen words, one of six unknown: a caption of COCO.
std::vector<std::string> MakeCaptions(const std::vector<std::string>& words) {
  Random random(8);
  std::vector<std::string> captions(kCaptions);
  for (std::string& caption : captions) {
    caption = "A photo of";
    const std::size_t count = 8 + random.Below(8);
    for (std::size_t i = 0; i < count; ++i) {
      caption += ' ';
      caption += random.Below(6) == 0 ? MakeWord(random)
                                      : words[random.Below(words.size())];
    }
    caption += '.';
  }
  return captions;
}

void ClipTokenizer(benchmark::State& state) {
  const Scratch scratch;
  const std::vector<std::string> captions =
      MakeCaptions(WriteVocabulary(scratch.path()));
  const encoders::ClipTokenizer tokenizer(scratch.path());
  std::int64_t bytes = 0;
  for (const std::string& caption : captions)
    bytes += static_cast<std::int64_t>(caption.size());
  std::size_t tokens = 0;
  for (auto _ : state) {
    tokens = 0;
    for (const std::string& caption : captions) {
      std::vector<std::int64_t> ids = tokenizer.Encode(caption, kMaxLength);
      benchmark::DoNotOptimize(ids.data());
      tokens += ids.size();
    }
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() *
                          static_cast<std::int64_t>(captions.size()));
  state.SetBytesProcessed(state.iterations() * bytes);
  state.counters["tokens"] = static_cast<double>(tokens) / kCaptions;
}

BENCHMARK(ClipTokenizer)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace eyechart::benchmarks
