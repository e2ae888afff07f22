#include "benchmarks/library_versions.h"

#include <gtest/gtest.h>

namespace eyechart::benchmarks {
namespace {

TEST(LibraryVersions, AreOfThoseThatAreThere) {
  const auto versions = LibraryVersions();
  // LibTorch may be built without the others.
  for (const char* library : {"faiss", "opencv"})
    ASSERT_TRUE(versions.contains(library)) << library;
  for (const auto& [library, version] : versions)
    EXPECT_EQ(VersionIn(version), version) << library;
}

TEST(LibraryVersions, StandInWhatLibrariesSayOfThemselves) {
  EXPECT_EQ(VersionIn("Intel(R) oneAPI Math Kernel Library Version 2024.2-"
                      "Product Build 20240605 for Intel(R) 64 architecture"),
            "2024.2");
  EXPECT_EQ(VersionIn("Intel(R) MKL-DNN v3.7.1 (Git Hash 8d263e6)"), "3.7.1");
  EXPECT_EQ(VersionIn("Intel(R) 64 v1.2."), "1.2");
  for (const char* none : {"", "MKL not found", "64", "7. 8"})
    EXPECT_EQ(VersionIn(none), "") << none;
  EXPECT_EQ(CudnnVersionText(91301), "9.13.1");
  EXPECT_EQ(CudnnVersionText(8902), "8.9.2");
}

}  // namespace
}  // namespace eyechart::benchmarks
