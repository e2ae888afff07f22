// Logistic regression along a path of penalties, for the parity tests.
//   logistic_probe IN OUT CLASSES TOLERANCE
// IN, a safetensors file: "features" (n, d) F64, "c" (m) F64 and "labels" I64,
// (n) in 0 ... CLASSES - 1, or (n, l) of 0 and 1 with CLASSES 0. OUT, another,
// all F64: "weights" (m, d, k), "bias" (m, k), "loss", "gradient", "iterations"
// and "converged" (m).
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

#include "probes/heads/logistic_solver.h"
#include "probes/heads/tensor_file.h"

namespace eyechart::probes {
namespace {

void Run(char** arguments) {
  const std::string source = arguments[1];
  const NamedTensors file = ReadTensors(source);
  const auto read = [&](const char* name) {
    return FindTensor(file, name, source);
  };
  const at::Tensor labels = read("labels");
  LogisticSolverOptions options;
  options.tolerance = std::atof(arguments[4]);
  LogisticPath path(PrepareLogistic(read("features")),
                    labels.dim() == 2
                        ? LabelTargets(labels)
                        : ClassTargets(labels, std::atoi(arguments[3])),
                    options);
  const at::Tensor c = read("c");
  std::vector<at::Tensor> weights, bias;
  std::vector<double> loss, gradient, iterations, converged;
  for (std::int64_t i = 0; i < c.numel(); ++i) {
    const LogisticSolution found = path.Solve(c[i].item<double>());
    weights.push_back(found.weights);
    bias.push_back(found.bias);
    loss.push_back(found.loss);
    gradient.push_back(found.gradient);
    iterations.push_back(found.iterations);
    converged.push_back(found.converged ? 1 : 0);
  }
  const auto row = [](const std::vector<double>& values) {
    return at::tensor(values, at::kDouble);
  };
  WriteTensors(arguments[2], {{"weights", at::stack(weights)},
                              {"bias", at::stack(bias)},
                              {"loss", row(loss)},
                              {"gradient", row(gradient)},
                              {"iterations", row(iterations)},
                              {"converged", row(converged)}});
}

}  // namespace
}  // namespace eyechart::probes

int main(int count, char** arguments) {
  try {
    if (count != 5) return 2;
    eyechart::probes::Run(arguments);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}
