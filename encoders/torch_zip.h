// The zip archives of torch.save as a WeightFile.
#pragma once

#include <filesystem>
#include <memory>

#include "encoders/weight_file.h"

namespace eyechart::encoders {

/// Opens a state dictionary that torch.save wrote (PyTorch 1.6 and later):
/// tensors by name, perhaps one level down under "state_dict", "model" or
/// "teacher", as training scripts save it; entries that are no tensors are
/// passed over. LibTorch's unpickler reads it, after every opcode and global
/// was checked (pickle_scan.h) and without anything that could resolve a class,
/// so nothing in the file is executed. Storages are read where they lie in the
/// mapped file; a tensor that reaches beyond its own is refused.
/// Throws InputError for all that is not such a file.
std::unique_ptr<WeightFile> OpenTorchZip(const std::filesystem::path& path);

}  // namespace eyechart::encoders
