// What a pickle asks for, found without running it.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace eyechart::encoders {

/// Walks the opcodes of `pickle` (protocol 2, as torch.save writes it) and
/// throws InputError, naming `source` and what it met, unless all of them are
/// ones that plain data needs and every global is one that a dictionary of
/// tensors needs: OrderedDict, the rebuilding of a tensor or parameter, storage
/// types. Source: the opcode list in CPython's pickletools.
///
/// Gives the pickle in terms that LibTorch's unpickler, made for tensors, can
/// hold: an OrderedDict becomes a dictionary (LibTorch drops it), and what has
/// attributes, as state_dict() hangs on it, a tuple of itself and them (BUILD
/// becomes TUPLE2).
std::string PlainPickle(std::span<const std::byte> pickle,
                        const std::string& source);

}  // namespace eyechart::encoders
