// Table 1 of the MMVP paper: ten CLIP models on MMVP-VLM.
#include "reports/published/tables.h"

namespace eyechart::reports {

// clang-format off
const char kMmvpVlm[] = R"json({
 "schema": 1,
 "name": "mmvp-vlm",
 "title": "MMVP-VLM, ten CLIP models",
 "source": "Tong et al. 2024, arXiv 2401.06209, table 1",
 "note": "Statement to picture alone; 135 pairs, 15 a pattern.",
 "task": "ask",
 "dataset": "mmvp-vlm",
 "metric": "pair_accuracy",
 "per_cent": true,
 "columns": [
  {},
  {"setting": {"pattern": "Orientation"}},
  {"setting": {"pattern": "Presence"}},
  {"setting": {"pattern": "State"}},
  {"setting": {"pattern": "Quantity"}},
  {"setting": {"pattern": "Spatial"}},
  {"setting": {"pattern": "Color"}},
  {"setting": {"pattern": "Structural Character"}},
  {"setting": {"pattern": "Text"}},
  {"setting": {"pattern": "Camera Perspective"}}],
 "rows": [
  {"encoder": "OpenAI ViT-L-14", "setting": {"img_size": "224"},
   "values": [19.3, 13.3, 13.3, 20.0, 20.0, 13.3, 53.3, 20.0, 6.7, 13.3]},
  {"encoder": "OpenAI ViT-L-14", "setting": {"img_size": "336"},
   "values": [20.0, 0.0, 20.0, 40.0, 20.0, 6.7, 20.0, 33.3, 6.7, 33.3]},
  {"encoder": "SigLIP ViT-SO-14", "setting": {"img_size": "224"},
   "values": [37.8, 26.7, 20.0, 53.3, 40.0, 20.0, 66.7, 40.0, 20.0, 53.3]},
  {"encoder": "SigLIP ViT-SO-14", "setting": {"img_size": "384"},
   "values": [37.0, 20.0, 26.7, 60.0, 33.3, 13.3, 66.7, 33.3, 26.7, 53.3]},
  {"encoder": "DFN ViT-H-14", "setting": {"img_size": "224"},
   "values": [39.3, 20.0, 26.7, 73.3, 26.7, 26.7, 66.7, 46.7, 13.3, 53.3]},
  {"encoder": "DFN ViT-H-14", "setting": {"img_size": "378"},
   "values": [34.8, 13.3, 20.0, 53.3, 33.3, 26.7, 66.7, 40.0, 20.0, 40.0]},
  {"encoder": "MetaCLIP ViT-L-14", "setting": {"img_size": "224"},
   "values": [23.7, 13.3, 6.7, 66.7, 6.7, 33.3, 46.7, 20.0, 6.7, 13.3]},
  {"encoder": "MetaCLIP ViT-H-14", "setting": {"img_size": "224"},
   "values": [25.2, 6.7, 13.3, 60.0, 13.3, 6.7, 53.3, 26.7, 13.3, 33.3]},
  {"encoder": "EVA01 ViT-g-14", "setting": {"img_size": "224"},
   "values": [23.0, 6.7, 26.7, 40.0, 6.7, 13.3, 66.7, 13.3, 13.3, 20.0]},
  {"encoder": "EVA02 ViT-bigE-14+", "setting": {"img_size": "224"},
   "values": [33.3, 13.3, 20.0, 66.7, 26.7, 26.7, 66.7, 26.7, 20.0, 33.3]}]}
)json";
// clang-format on

}  // namespace eyechart::reports
