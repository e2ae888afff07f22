// What `eyechart bench` prints for people.
#pragma once

#include <string>
#include <vector>

#include "benchmarks/vision/measure.h"

namespace eyechart::cli {

/// A few lines on one scenario: verdict, latencies with intervals or why there
/// are none, throughput, stages, memory, the harness's own time, reasons and
/// advice. `stages`: a bar and a table of them too.
std::vector<std::string> BenchLines(const benchmarks::Measured& measured,
                                    bool stages);

/// Lines on a cache audit.
std::vector<std::string> AuditLines(const benchmarks::AuditResult& audit);

}  // namespace eyechart::cli
