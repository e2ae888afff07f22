#include "encoders/exported_program.h"

#include <torch/csrc/inductor/aoti_package/model_package_loader.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/serialization/import.h>

#include <algorithm>

#include "core/error.h"

namespace eyechart::encoders {
namespace {

// The first line of LibTorch's text, which goes on with a stack trace; without
// what its reader of archives says to its own developers.
std::string Reason(const std::exception& error) {
  const auto* torch_error = dynamic_cast<const c10::Error*>(&error);
  const std::string text =
      torch_error ? torch_error->what_without_backtrace() : error.what();
  return text.substr(
      0, std::min(text.find('\n'), text.find(" This is an internal miniz")));
}

void Append(const c10::IValue& value, ProgramResults& results) {
  if (value.isTensor()) {
    results.tensors.push_back(value.toTensor());
  } else if (value.isTuple()) {
    for (const c10::IValue& part : value.toTupleRef().elements())
      Append(part, results);
  } else if (value.isTensorList() || value.isList()) {
    for (const c10::IValue& part : value.toListRef()) Append(part, results);
  } else if (value.isGenericDict()) {
    for (const auto& entry : value.toGenericDict()) {
      if (!entry.key().isString() || !entry.value().isTensor()) continue;
      results.names.push_back(entry.key().toStringRef());
      results.tensors.push_back(entry.value().toTensor());
    }
  }
}

class TorchScriptProgram : public ExportedProgram {
 public:
  TorchScriptProgram(const std::filesystem::path& path,
                     const Placement& placement)
      : path_(path) {
    try {
      module_ = torch::jit::load(path.string(), placement.device);
      module_.eval();
      module_.to(placement.rounded);
      module_.to(placement.dtype);
    } catch (const std::exception& error) {
      ThrowInput("{}: no TorchScript program: {}", path.string(),
                 Reason(error));
    }
    for (const at::Tensor& parameter : module_.parameters())
      parameters_ += parameter.numel();
  }

  ProgramResults Run(const at::Tensor& pixels) override {
    ProgramResults results;
    try {
      Append(module_.forward({pixels}), results);
    } catch (const std::exception& error) {
      ThrowInput("{}: the program failed on pixels {}: {}", path_.string(),
                 c10::str(pixels.sizes()), Reason(error));
    }
    return results;
  }

  std::int64_t parameters() const override { return parameters_; }

 private:
  std::filesystem::path path_;
  torch::jit::Module module_;
  std::int64_t parameters_ = 0;
};

class InductorProgram : public ExportedProgram {
 public:
  InductorProgram(const std::filesystem::path& path, const Placement& placement)
      : path_(path) {
    try {
      loader_ = std::make_unique<torch::inductor::AOTIModelPackageLoader>(
          path.string(), "model", /*run_single_threaded=*/false,
          /*num_runners=*/1, placement.device.index());
    } catch (const std::exception& error) {
      ThrowInput("{}: no AOTInductor package that loads here: {}",
                 path.string(), Reason(error));
    }
    const auto metadata = loader_->get_metadata();
    const auto it = metadata.find("AOTI_DEVICE_KEY");
    const std::string made_for = it == metadata.end() ? "" : it->second;
    EYECHART_REQUIRE(
        made_for.empty() ||
            made_for == c10::DeviceTypeName(placement.device.type(), true),
        "{}: the package was compiled for {}; it cannot run on {}",
        path.string(), made_for, placement.device.str());
  }

  ProgramResults Run(const at::Tensor& pixels) override {
    ProgramResults results;
    try {
      results.tensors = loader_->run({pixels});
    } catch (const std::exception& error) {
      ThrowInput("{}: the program failed on pixels {}: {}", path_.string(),
                 c10::str(pixels.sizes()), Reason(error));
    }
    return results;
  }

  std::int64_t parameters() const override { return 0; }

 private:
  std::filesystem::path path_;
  std::unique_ptr<torch::inductor::AOTIModelPackageLoader> loader_;
};

}  // namespace

std::unique_ptr<ExportedProgram> ExportedProgram::Load(
    const std::string& format,
    const std::filesystem::path& path,
    const Placement& placement) {
  if (format == "torchscript")
    return std::make_unique<TorchScriptProgram>(path, placement);
  EYECHART_REQUIRE(format == "aotinductor",
                   "{}: format \"{}\"; it should be torchscript or aotinductor",
                   path.string(), format);
  return std::make_unique<InductorProgram>(path, placement);
}

}  // namespace eyechart::encoders
