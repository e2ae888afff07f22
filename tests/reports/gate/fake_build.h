// A program that answers `run SUITE --out DIR --filter CELL --fresh` with a run
// folder made before: a build of eyechart whose every number is known.
#pragma once

#include <filesystem>
#include <string>

#include "core/files.h"
#include "tests/fixture.h"

namespace eyechart::reports::testing {

/// Writes the program `folder`/`name`, which copies `run` to where it is told,
/// appends "NAME FILTER" to `folder`/calls and ends with `exit_code`. `before`
/// is shell that runs first.
inline std::filesystem::path FakeBuild(const std::filesystem::path& folder,
                                       const std::string& name,
                                       const std::filesystem::path& run,
                                       int exit_code = 0,
                                       const std::string& before = "") {
  const std::filesystem::path program = folder / name;
  eyechart::testing::WriteText(
      program, fmt::format("#!/bin/sh\n{}\necho \"{} $6\" >> '{}'\n"
                           "mkdir -p \"$4\" && cp -r '{}'/. \"$4\"\n"
                           "exit {}\n",
                           before, name, (folder / "calls").string(),
                           run.string(), exit_code));
  std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  return program;
}

}  // namespace eyechart::reports::testing
