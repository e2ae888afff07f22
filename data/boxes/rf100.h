// A folder of detection sets, as Roboflow-100 and RF100-VL come.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace eyechart::data {

/// One set of the folder.
struct Rf100Set {
  std::string slug;            // its folder's name
  std::string domain;          // "unknown" where nothing says
  std::filesystem::path root;  // for OpenBoxDataset
  std::vector<std::string> splits;
  std::string problem;  // empty, or why the folder is no set; no splits then
  std::string error;    // of a set: empty, or why its parts cannot be listed
};

/// The folders of `root`, by slug, those that are no detection set too: each
/// with what is the matter, so that none is left out unsaid. A set whose parts
/// cannot be listed is a set, with an error. Domains are those
/// of `root`'s domains.csv or categories.csv (the benchmark's own), with
/// columns slug or dataset and domain or category; a slug there without a
/// folder is no error. Throws InputError where there is no set, or the CSV
/// cannot be read or names a slug twice, or a folder's name or one in the CSV
/// is not UTF-8.
std::vector<Rf100Set> FindRf100(const std::filesystem::path& root);

}  // namespace eyechart::data
