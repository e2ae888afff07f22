#include "probes/acuity/chart_encoder.h"

#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include "core/csv.h"
#include "core/error.h"
#include "core/text.h"
#include "data/feature_store.h"

namespace eyechart::probes {
namespace {

constexpr int kAnySize = 224;  // where the encoder takes any

at::Tensor PooledOf(const std::filesystem::path& folder) {
  const data::FeatureStore store(folder);
  store.Verify();
  for (const data::StoreItem& item : store.items())
    EYECHART_CHECK(item.status == "ok", "drawn picture {}: {}", item.id,
                   item.status);
  at::Tensor features = at::empty({store.count(), store.dim()}, at::kFloat);
  store.ReadPooled(0, store.count(), features.mutable_data_ptr<float>());
  return features;
}

}  // namespace

int ShowPixelForPixel(encoders::LoadedModel& model, const std::string& name) {
  const data::InputSize input = data::FixedInputSize(model.preprocess);
  EYECHART_REQUIRE(input.height == input.width,
                   "{}: the eye chart is square, the input is {} x {}; give a "
                   "square --resolution",
                   name, input.height, input.width);
  model.preprocess.resize = data::ResizeMode::kNone;
  model.preprocess.center_crop = false;
  return input.height > 0 ? input.height : kAnySize;
}

ChartOutcome MeasureChart(const ChartJob& job, Progress& progress) {
  RequireTrainable(*job.chart, job.options, job.read_out);
  ChartOutcome outcome;
  encoders::LoadedModel model = encoders::LoadModel(job.model);
  outcome.size = ShowPixelForPixel(model, job.model.model);
  outcome.patch_size = model.encoder->info().patch_size;
  ChartOptions options = job.options;
  options.size = outcome.size;
  const ChartPictures pictures(*job.chart, options);
  outcome.summary =
      encoders::EncodeDataset(model, pictures, job.store, job.encode, progress);
  outcome.acuity =
      MeasureAcuity(*job.chart, pictures, outcome.size, PooledOf(job.store),
                    job.read_out, job.threshold);
  return outcome;
}

std::string ChartOutcomesCsv(const ChartOutcome& outcome,
                             const ChartOptions& options) {
  ChartOptions drawn = options;
  drawn.size = outcome.size;
  const Chart& chart = *outcome.acuity.chart;
  const ChartPictures pictures(chart, drawn);
  std::string csv = "id,truth,prediction,correct,score,strength,step,group\n";
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    const std::int64_t answer = outcome.acuity.predictions[i];
    if (answer < 0) continue;
    const ChartItem& place = pictures.place(i);
    const bool correct = answer == place.label;
    csv +=
        fmt::format("{},{},{},{},{},{},{},{}\n", pictures.item(i).id,
                    CsvField(pictures.item(i).label),
                    CsvField(chart.classes[static_cast<std::size_t>(answer)]),
                    correct ? 1 : 0, correct ? 1 : 0,
                    FormatDouble(chart.StrengthAt(place.step, outcome.size)),
                    place.step, place.group);
  }
  return csv;
}

}  // namespace eyechart::probes
