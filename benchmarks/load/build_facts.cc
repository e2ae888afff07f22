#include <dlfcn.h>

#include <array>
#include <utility>

#include "benchmarks/load/machine.h"

#if defined(__GLIBC__)
#include <gnu/libc-version.h>
#endif

namespace eyechart::benchmarks {
namespace {

// Clang tells by features, GCC by macros; neither tells of the undefined
// behaviour sanitizer, so that the build has to.
std::vector<std::string> Sanitizers() {
  std::vector<std::string> names;
#if defined(__SANITIZE_ADDRESS__)
  names.emplace_back("address");
#endif
#if defined(__SANITIZE_THREAD__)
  names.emplace_back("thread");
#endif
#if defined(__has_feature)
#if __has_feature(address_sanitizer) && !defined(__SANITIZE_ADDRESS__)
  names.emplace_back("address");
#endif
#if __has_feature(thread_sanitizer) && !defined(__SANITIZE_THREAD__)
  names.emplace_back("thread");
#endif
#if __has_feature(memory_sanitizer)
  names.emplace_back("memory");
#endif
#endif
#if defined(EYECHART_SANITIZED)
  if (names.empty() && EYECHART_SANITIZED[0] != '\0')
    names.emplace_back(EYECHART_SANITIZED);
#endif
  return names;
}

std::string Allocator() {
  constexpr std::array<std::pair<const char*, const char*>, 3> kKnown = {{
      {"mallctl", "jemalloc"},
      {"tc_version", "tcmalloc"},
      {"mi_version", "mimalloc"},
  }};
  for (const auto& [symbol, name] : kKnown)
    if (dlsym(RTLD_DEFAULT, symbol) != nullptr) return name;
#if defined(__GLIBC__)
  return std::string("glibc ") + gnu_get_libc_version();
#else
  return "";
#endif
}

}  // namespace

Build ReadBuild() {
  Build build;
#if defined(__OPTIMIZE__)
  build.optimized = true;
#endif
#if !defined(NDEBUG) || defined(_GLIBCXX_ASSERTIONS) || defined(_GLIBCXX_DEBUG)
  build.asserts = true;
#endif
  build.sanitizers = Sanitizers();
#if defined(EYECHART_BUILD_FLAGS)
  build.flags = EYECHART_BUILD_FLAGS;
#endif
#if defined(EYECHART_GIT_COMMIT)
  build.commit = EYECHART_GIT_COMMIT;
#endif
  build.allocator = Allocator();
  return build;
}

std::vector<Finding> JudgeBuild(const Build& build) {
  std::vector<Finding> findings;
  for (const std::string& name : build.sanitizers)
    findings.push_back({true, "built with the " + name + " sanitizer",
                        "measure a release build"});
  if (build.asserts)
    findings.push_back(
        {true, "built with asserts on", "measure a release build"});
  if (!build.optimized)
    findings.push_back(
        {true, "built without optimisation", "measure a release build"});
  return findings;
}

Json BuildJson(const Build& build) {
  return {{"optimized", build.optimized},   {"asserts", build.asserts},
          {"sanitizers", build.sanitizers}, {"flags", build.flags},
          {"commit", build.commit},         {"allocator", build.allocator}};
}

}  // namespace eyechart::benchmarks
