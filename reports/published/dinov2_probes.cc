// k-NN and linear probes that DINOv2 publishes of itself.
#include "reports/published/tables.h"

namespace eyechart::reports {

// clang-format off
const char kDinov2Probes[] = R"json({
 "schema": 1,
 "name": "dinov2",
 "title": "k-NN and linear probes of DINOv2",
 "source": "facebookresearch/dinov2, README and MODEL_CARD",
 "note": "linear: the best of 52, chosen on the reported set.",
 "task": "probe",
 "dataset": "imagenet-1k",
 "metric": "top1",
 "per_cent": true,
 "columns": [
  {"setting": {"probe": "knn"}},
  {"setting": {"probe": "linear"}}],
 "rows": [
  {"encoder": "DINOv2 S/14", "setting": {"registers": "no"},
   "values": [79.0, 81.1]},
  {"encoder": "DINOv2 B/14", "setting": {"registers": "no"},
   "values": [82.1, 84.5]},
  {"encoder": "DINOv2 L/14", "setting": {"registers": "no"},
   "values": [83.5, 86.3]},
  {"encoder": "DINOv2 g/14", "setting": {"registers": "no"},
   "values": [83.5, 86.5]},
  {"encoder": "DINOv2 S/14", "setting": {"registers": "yes"},
   "values": [79.1, 80.9]},
  {"encoder": "DINOv2 B/14", "setting": {"registers": "yes"},
   "values": [82.0, 84.6]},
  {"encoder": "DINOv2 L/14", "setting": {"registers": "yes"},
   "values": [83.8, 86.7]},
  {"encoder": "DINOv2 g/14", "setting": {"registers": "yes"},
   "values": [83.7, 87.1]}]}
)json";
// clang-format on

}  // namespace eyechart::reports
