// Encoders under one protocol, by billpsomas/efficient-probing.
#include "reports/published/tables.h"

namespace eyechart::reports {

// clang-format off
const char kEfficientProbing[] = R"json({
 "schema": 1,
 "name": "efficient-probing",
 "title": "Encoders under one probing protocol",
 "source": "billpsomas/efficient-probing, results.csv",
 "note": "90 epochs, the best epoch; EP: attention with 32 queries.",
 "task": "probe",
 "dataset": "imagenet-1k",
 "metric": "top1",
 "per_cent": true,
 "columns": [
  {"setting": {"probe": "knn"}},
  {"setting": {"probe": "linear"}},
  {"setting": {"probe": "attentive (EP)"}}],
 "rows": [
  {"encoder": "AIMv2 L/14", "setting": {"pool": "mean"},
   "values": [76.0, 84.7, 85.9]},
  {"encoder": "DINOv2 L/14", "setting": {},
   "values": [81.0, 85.2, 85.6]},
  {"encoder": "CLIP L/14 (OpenAI)", "setting": {},
   "values": [73.5, 82.5, 83.2]},
  {"encoder": "DINOv2 B/14", "setting": {},
   "values": [79.3, 83.5, 84.0]},
  {"encoder": "SigLIP L/16-256", "setting": {"pool": "mean"},
   "values": [72.9, 84.1, 85.9]},
  {"encoder": "SigLIP2 So400m/14", "setting": {},
   "values": [77.5, 86.3, 87.7]}]}
)json";
// clang-format on

}  // namespace eyechart::reports
