// Reading one TOML table: every key is asked for by name, and what is left over
// is an unknown key.
#pragma once

#include <toml++/toml.h>

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace eyechart::suite {

/// A view of one table of a suite file. Getters throw InputError naming file,
/// line, key, the value's type and the type that would be right.
class TomlTable {
 public:
  TomlTable(const toml::table& table, std::string file, std::string what);

  /// A scalar or a list of scalars as texts (numbers in shortest form); empty
  /// where the key is absent.
  std::vector<std::string> Texts(std::string_view key);
  std::vector<std::string> Numbers(std::string_view key);
  /// Sizes in pixels: an integer or a text, as 336 or "280x420".
  std::vector<std::string> Sizes(std::string_view key);
  std::vector<std::string> Booleans(std::string_view key);
  /// One text, or "" where absent; a list throws.
  std::string Text(std::string_view key);
  std::string RequiredText(std::string_view key);
  /// One integer of at least `minimum`, or `fallback` where absent.
  std::int64_t Integer(std::string_view key,
                       std::int64_t fallback,
                       std::int64_t minimum);

  /// Throws InputError for the first key that was never asked for, with the
  /// nearest one that was.
  void RejectUnknownKeys() const;
  /// The same of keys that are not among `known`, before any is asked for.
  void RejectUnknownKeys(std::span<const std::string_view> known) const;

  /// "file:line" of the table, or of a key in it.
  std::string Where() const;
  std::string Where(std::string_view key) const;
  int line() const;

 private:
  const toml::node* Ask(std::string_view key);
  void RejectOthers(const std::vector<std::string>& known) const;
  std::vector<std::string> Scalars(
      std::string_view key,
      const char* expected,
      const std::function<std::string(const toml::node&)>& convert);

  const toml::table& table_;
  std::string file_;
  std::string what_;
  std::vector<std::string> asked_;
};

}  // namespace eyechart::suite
