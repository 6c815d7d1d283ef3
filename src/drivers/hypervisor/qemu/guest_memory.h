// SPDX-License-Identifier: Apache-2.0
#pragma once

// The memory of a guest as a file without a name, which a QEMU maps: shared with the one that is to
// be frozen, privately by those that are started from it. Sealed, nobody can change it for another,
// not even a QEMU that was taken over. Any thread; the descriptor is the caller's.

#include "base/result.h"
#include "base/unique_fd.h"
#include "drivers/hypervisor/qemu/identity_marks.h"

#include <cstdint>
#include <filesystem>
#include <sys/types.h>

namespace pileus::drivers {

Result<UniqueFd> make_guest_memory(int64_t size_bytes);
// Once nobody maps it to write. From then on it is what it is.
Result<void> seal_guest_memory(int memory);
// What of it holds anything.
int64_t used_bytes_of(int memory);

// Gives pages back that hold zeros only, and tells where in the others the marks are.
Result<std::vector<MarkPlace>> comb_guest_memory(int memory, const IdentityMarks& marks);

// To a file with holes where there is nothing, on disk when this returns; and from one.
Result<void> save_guest_memory(int memory, const std::filesystem::path& path);
Result<UniqueFd> load_guest_memory(const std::filesystem::path& path);

// Writes the marks over in the private copy that a paused guest has of its memory.
Result<void> replace_marks_of(pid_t process,
                              int memory,
                              const std::vector<MarkPlace>& places,
                              const IdentityMarks& marks);

} // namespace pileus::drivers
