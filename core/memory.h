// What the allocator keeps.
#pragma once

namespace eyechart {

/// Gives freed memory back to the system. glibc keeps what is freed between
/// blocks that live on, and mixing lasting with passing tensors, as loading a
/// model does, leaves half a model in such gaps. Does nothing elsewhere.
void ReturnFreedMemory();

}  // namespace eyechart
