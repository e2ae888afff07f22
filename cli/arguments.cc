#include "cli/arguments.h"

#include <filesystem>

#include <CLI/CLI.hpp>

#include "core/error.h"
#include "core/text.h"

namespace eyechart::cli {
namespace {

// What was not expected: CLI11 tells all of it, last word first.
std::string UnexpectedText(const CLI::App& app) {
  const CLI::App* command = &app;
  while (!command->get_subcommands().empty())
    command = command->get_subcommands().front();
  const std::vector<std::string> left = app.remaining(/*recurse=*/true);
  for (const std::string& word : left) {
    if (!word.starts_with('-')) continue;
    const std::string given = word.substr(0, word.find('='));
    std::vector<std::string> names;
    for (const CLI::Option* option : command->get_options())
      for (const std::string& name : option->get_lnames())
        names.push_back("--" + name);
    return fmt::format("{}: no option {}{}", command->get_name(), given,
                       DidYouMean(given, names));
  }
  return fmt::format("{}: \"{}\" is one argument too many", command->get_name(),
                     left.empty() ? "" : left.front());
}

std::string UsageText(const CLI::App* app, const CLI::Error& error) {
  const bool unexpected = dynamic_cast<const CLI::ExtrasError*>(&error);
  return fmt::format(
      "eyechart: error: {}\nRun with --help for more information.\n",
      unexpected ? UnexpectedText(*app) : error.what());
}

}  // namespace

Option& Option::Required(bool required) {
  option_->required(required);
  return *this;
}

Option& Option::TypeName(const std::string& name) {
  option_->type_name(name);
  return *this;
}

Option& Option::Group(const std::string& heading) {
  option_->group(heading);
  return *this;
}

Option& Option::ShowDefault() {
  option_->capture_default_str();
  // Several values as one would type them, not "[1,2]".
  const std::string text = option_->get_default_str();
  if (text.size() >= 2 && text.front() == '[' && text.back() == ']')
    option_->default_str(text.substr(1, text.size() - 2));
  return *this;
}

Option& Option::ShowDefault(const std::string& text) {
  option_->default_str(text);
  return *this;
}

Option& Option::Delimiter(char delimiter) {
  option_->delimiter(delimiter);
  return *this;
}

Option& Option::Expected(int values) {
  // One of so many parts, not so many of one: its help says "OLD NEW", and not
  // "OLD NEW x 2".
  option_->type_size(values);
  option_->expected(1);
  return *this;
}

Option& Option::Expected(int least, int most) {
  option_->expected(least, most);
  return *this;
}

Option& Option::OneValueATime() {
  option_->allow_extra_args(false);
  return *this;
}

Option& Option::Excludes(const std::string& name) {
  option_->excludes(name);
  return *this;
}

Option& Option::NonNegative() {
  // CLI11's own would tell a range of 300 digits.
  option_->check(CLI::Validator(
      [](std::string& text) {
        const std::optional<double> value = ParseDouble(text);
        return value && *value >= 0 ? std::string()
                                    : text + ": should be 0 or more";
      },
      "NONNEGATIVE"));
  return *this;
}

Option& Option::Between(std::int64_t least, std::int64_t most) {
  option_->check(CLI::Range(least, most));
  return *this;
}

Option& Option::Tells(bool& given) {
  option_->each([&given](const std::string&) { given = true; });
  return *this;
}

Arguments::Arguments(const std::string& what, const std::string& name)
    : own_(std::make_unique<CLI::App>(what, name)), app_(own_.get()) {
  app_->failure_message(&UsageText);
}

Arguments::Arguments(CLI::App* app) : app_(app) {}

Arguments::~Arguments() = default;

template <typename T>
Option Arguments::AddOption(const std::string& name,
                            T& to,
                            const std::string& what) {
  return Option(app_->add_option(name, to, what));
}

Option Arguments::AddFlag(const std::string& name,
                          bool& to,
                          const std::string& what) {
  return Option(app_->add_flag(name, to, what));
}

Arguments& Arguments::AddCommand(const std::string& name,
                                 const std::string& what) {
  commands_.emplace_back(new Arguments(app_->add_subcommand(name, what)));
  return *commands_.back();
}

void Arguments::RequireCommand() { app_->require_subcommand(1); }

bool Arguments::chosen() const { return app_->parsed(); }

void Arguments::SetVersion(const std::string& version) {
  app_->set_version_flag("--version", version);
}

void Arguments::SetFooter(const std::string& text) { app_->footer(text); }

std::optional<Arguments::Ended> Arguments::Parse(int argc, char** argv) {
  try {
    app_->parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return Ended{app_->exit(error) == 0};
  }
  return std::nullopt;
}

#define EYECHART_OPTION_TYPE(...)                                        \
  template Option Arguments::AddOption(const std::string&, __VA_ARGS__&, \
                                       const std::string&)
EYECHART_OPTION_TYPE(std::string);
EYECHART_OPTION_TYPE(int);
EYECHART_OPTION_TYPE(std::int64_t);
EYECHART_OPTION_TYPE(std::uint64_t);
EYECHART_OPTION_TYPE(double);
EYECHART_OPTION_TYPE(std::optional<double>);
EYECHART_OPTION_TYPE(std::filesystem::path);
EYECHART_OPTION_TYPE(std::vector<std::string>);
EYECHART_OPTION_TYPE(std::vector<int>);
EYECHART_OPTION_TYPE(std::vector<std::int64_t>);
EYECHART_OPTION_TYPE(std::vector<double>);
#undef EYECHART_OPTION_TYPE

}  // namespace eyechart::cli
