// Records as they are, one JSON object a line.
#include "reports/formats.h"

namespace eyechart::reports {
namespace {

class JsonlExporter : public Exporter {
 public:
  std::string Export(std::span<const RunFolder> runs) const override {
    std::string text;
    for (const RunFolder& run : runs)
      for (const Record& record : run.records)
        text += RecordToLine(record) + "\n";
    return text;
  }
};

}  // namespace

std::unique_ptr<Exporter> MakeJsonl() {
  return std::make_unique<JsonlExporter>();
}

}  // namespace eyechart::reports
