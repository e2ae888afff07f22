#include "benchmarks/load/trace_export.h"

#include <set>
#include <string>

#include "core/files.h"

namespace eyechart::benchmarks {
namespace {

Json Event(const std::string& name,
           const char* category,
           std::size_t lane,
           std::int64_t begin_ns,
           std::int64_t duration_ns,
           std::int64_t query) {
  return {{"name", name},
          {"cat", category},
          {"ph", "X"},
          {"ts", static_cast<double>(begin_ns) / 1e3},
          {"dur", static_cast<double>(duration_ns) / 1e3},
          {"pid", 1},
          {"tid", lane},
          {"args", {{"query", query}}}};
}

Json Name(const char* what, std::size_t lane, const std::string& name) {
  return {{"name", what},
          {"ph", "M"},
          {"pid", 1},
          {"tid", lane},
          {"args", {{"name", name}}}};
}

}  // namespace

Json ChromeTrace(const LoadResult& result) {
  Json events = Json::array();
  events.push_back(Name("process_name", 0, result.device));
  std::set<std::int64_t> shown;
  for (std::size_t lane = 0; lane < result.spans.size(); ++lane) {
    events.push_back(Name("thread_name", lane, "lane " + std::to_string(lane)));
    for (const StageSpan& span : result.spans[lane]) {
      shown.insert(span.query);
      events.push_back(Event(result.samples.stages[span.stage], "stage", lane,
                             span.begin_ns - result.start_ns,
                             span.end_ns - span.begin_ns, span.query));
    }
  }
  for (const QueryRow& row : result.samples.rows) {
    if (!shown.contains(row.query)) continue;
    Json event =
        Event("query", "query", static_cast<std::size_t>(row.lane),
              row.started_ns, row.latency_ns - row.queue_ns(), row.query);
    event["args"]["queue_ns"] = row.queue_ns();
    event["args"]["latency_ns"] = row.latency_ns;
    events.push_back(std::move(event));
  }
  return {{"traceEvents", std::move(events)},
          {"displayTimeUnit", "ns"},
          {"otherData", {{"spans_left_out", result.spans_left_out}}}};
}

void WriteChromeTrace(const std::filesystem::path& path,
                      const LoadResult& result) {
  WriteFileAtomic(path, CanonicalJson(ChromeTrace(result)) + "\n");
}

}  // namespace eyechart::benchmarks
