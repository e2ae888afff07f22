#include "suite/nms_keys.h"

#include <string>

#include "core/error.h"
#include "probes/detection/nms/suppress_boxes.h"
#include "suite/task_keys.h"

namespace eyechart::suite {

detection::NmsOptions NmsOptionsOf(const TaskSpec& task) {
  const std::string where = WhereOf(task);
  detection::NmsOptions nms;
  nms.semantics =
      detection::ParseNmsSemantics(task.keys.at("nms"), where + ": nms");
  nms.classes = detection::ParseNmsClasses(task.keys.at("nms_classes"),
                                           where + ": nms_classes");
  nms.sigma = NumberOf(task, "nms_sigma");
  EYECHART_REQUIRE(nms.sigma > 0, "{}: nms_sigma {}: should be more than 0",
                   where, nms.sigma);
  return nms;
}

}  // namespace eyechart::suite
