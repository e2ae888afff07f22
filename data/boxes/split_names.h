// The names that parts of data sets go by.
#pragma once

#include <string>
#include <vector>

namespace eyechart::data::internal {

/// train, valid and test, by whatever name, and then the others by name.
std::vector<std::string> InOrder(std::vector<std::string> splits);

/// Those of `splits` that `asked` stands for, of the nearest way alone; empty:
/// none. Of several that differ in digits at their end, those with `beside`'s,
/// where there are such: train2017 goes with val2017.
std::vector<std::string> MatchingSplits(const std::vector<std::string>& splits,
                                        const std::string& asked,
                                        const std::string& beside = "");

/// Which of `splits` is meant: the very name, one that stands for the same
/// (valid, val, validation), or the name with digits behind ("val2017"). ""
/// means the only one there is; a set of one nameless part takes no other
/// name. Throws InputError, beginning with `source`, listing the parts.
std::string MatchSplit(const std::vector<std::string>& splits,
                       const std::string& asked,
                       const std::string& source);

/// Whether a folder of this name is meant as a part: one of the usual names,
/// or one with digits behind ("test2017").
bool IsPartName(const std::string& name);

/// The usual names of parts.
const std::vector<std::string>& UsualSplits();

}  // namespace eyechart::data::internal
