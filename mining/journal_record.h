// One record of a journal as bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mining/findings.h"

namespace eyechart::mining {

/// The units that a record is about and what they found together.
struct JournalRecord {
  std::vector<std::int64_t> units;
  Findings found;
};

/// Length, SHA-256 and content; counts of zero take no room.
std::string EncodeRecord(const JournalRecord& record);

/// Takes the first record off `bytes`. False, and `bytes` as it was, where it
/// does not begin with a whole one. `record.found` must have its sizes; what
/// lies outside of them makes the record no record.
bool TakeRecord(std::string_view& bytes, JournalRecord& record);

}  // namespace eyechart::mining
