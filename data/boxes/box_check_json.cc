#include "data/boxes/box_check.h"
#include "data/boxes/box_findings.h"

namespace eyechart::data {
namespace {

Json ToJson(const BoxStatistics& s) {
  return {{"split", s.split},
          {"source", s.source},
          {"images", s.images},
          {"images_without_boxes", s.images_without_boxes},
          {"boxes", s.boxes},
          {"crowds", s.crowds},
          {"trainable", s.trainable},
          {"boxes_of_category", s.boxes_of_category},
          {"images_of_category", s.images_of_category},
          {"small", s.small},
          {"medium", s.medium},
          {"large", s.large},
          {"boxes_an_image",
           {{"min", s.boxes_an_image[0]},
            {"q25", s.boxes_an_image[1]},
            {"median", s.boxes_an_image[2]},
            {"q75", s.boxes_an_image[3]},
            {"max", s.boxes_an_image[4]}}}};
}

Json ToJson(const BoxFinding& found) {
  const BoxFindingKind& kind = FindBoxFinding(found.warning.kind);
  return {{"split", found.split},
          {"kind", found.warning.kind},
          {"count", found.warning.count},
          {"what", kind.what},
          {"done", kind.done},
          {"examples", found.warning.examples}};
}

}  // namespace

Json ToJson(const BoxReport& report) {
  Json categories = Json::array(), splits = Json::array(),
       findings = Json::array();
  for (const BoxCategory& category : report.categories)
    categories.push_back({{"id", category.id},
                          {"name", category.name},
                          {"supercategory", category.supercategory}});
  for (const BoxStatistics& split : report.splits)
    splits.push_back(ToJson(split));
  for (const BoxFinding& found : report.findings)
    findings.push_back(ToJson(found));
  return {{"name", report.name}, {"kind", report.kind},
          {"root", report.root}, {"categories", categories},
          {"splits", splits},    {"findings", findings}};
}

}  // namespace eyechart::data
