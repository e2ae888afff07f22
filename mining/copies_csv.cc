#include "mining/copies_csv.h"

#include "core/csv.h"
#include "core/files.h"
#include "core/text.h"

namespace eyechart::mining {

using data::StoreItem;

std::string CopiesToCsv(const CopyGroups& groups,
                        const std::vector<StoreItem>& items) {
  std::string csv =
      "group,id,path,kind,near_cosine,far_cosine,representative\n";
  const auto number = [](const std::optional<double>& value) {
    return value ? FormatDouble(*value) : std::string();
  };
  for (std::size_t i = 0; i < groups.groups.size(); ++i) {
    const CopyGroup& group = groups.groups[i];
    const StoreItem& first = items[group.representative];
    const std::string name = std::to_string(i + 1);
    csv += CsvLine(
        {name, first.id, first.path, "representative", "", "", first.id});
    for (const Copy& copy : group.copies) {
      const StoreItem& item = items[copy.row];
      csv += CsvLine(
          {name, item.id, item.path, std::string(CopyKindName(copy.kind)),
           number(copy.near_cosine), number(copy.far_cosine), first.id});
    }
  }
  return csv;
}

void WriteCopiesCsv(const std::filesystem::path& path,
                    const CopyGroups& groups,
                    const std::vector<StoreItem>& items) {
  WriteFileAtomic(path, CopiesToCsv(groups, items));
}

}  // namespace eyechart::mining
