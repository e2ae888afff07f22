// What a command's line may hold. CLI11 parses it, in one file: its header
// costs half of what it takes to compile a command.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace eyechart::cli {

/// One option or positional argument that was added: what more is said of it.
class Option {
 public:
  explicit Option(CLI::Option* option) : option_(option) {}

  Option& Required(bool required = true);
  /// What stands for the value in the help.
  Option& TypeName(const std::string& name);
  /// The heading that it stands under in the help.
  Option& Group(const std::string& heading);
  /// The value that it has now is told as its default.
  Option& ShowDefault();
  Option& ShowDefault(const std::string& text);
  /// One word may hold several values with this between them.
  Option& Delimiter(char delimiter);
  Option& Expected(int values);
  Option& Expected(int least, int most);
  /// One value follows; it may be given several times.
  Option& OneValueATime();
  /// May not be given beside `name`.
  Option& Excludes(const std::string& name);
  Option& NonNegative();
  Option& Between(std::int64_t least, std::int64_t most);
  /// `given` becomes true where the option is there.
  Option& Tells(bool& given);

 private:
  CLI::Option* option_;
};

/// The options of a command, or of the program.
class Arguments {
 public:
  /// The program's.
  Arguments(const std::string& what, const std::string& name);
  ~Arguments();
  Arguments(const Arguments&) = delete;
  Arguments& operator=(const Arguments&) = delete;

  /// `to`, which outlives the parsing, is set where the option is given. `name`
  /// is "-o,--out", or "images" for a positional argument. The types there are
  /// stand at the end of arguments.cc; another is one line there.
  template <typename T>
  Option AddOption(const std::string& name, T& to, const std::string& what);

  /// "--x,!--no-x" can be said both ways.
  Option AddFlag(const std::string& name, bool& to, const std::string& what);

  /// A command below this one; the reference stays good.
  Arguments& AddCommand(const std::string& name, const std::string& what);
  /// One of the commands below must be named.
  void RequireCommand();
  /// Whether this command was named.
  bool chosen() const;

  /// What --version prints.
  void SetVersion(const std::string& version);
  /// What stands below the help.
  void SetFooter(const std::string& text);

  /// Nothing where all is well; else, after printing the help or what is wrong,
  /// whether help or version was all that was asked for.
  struct Ended {
    bool asked = false;
  };
  std::optional<Ended> Parse(int argc, char** argv);

 private:
  explicit Arguments(CLI::App* app);

  std::unique_ptr<CLI::App> own_;  // of the program's
  CLI::App* app_;
  std::vector<std::unique_ptr<Arguments>> commands_;
};

}  // namespace eyechart::cli
