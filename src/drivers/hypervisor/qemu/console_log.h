// SPDX-License-Identifier: Apache-2.0
#pragma once

// The file to which QEMU appends what a guest writes to its serial port. A guest may write for
// ever: the oldest part is given back to the disk as it grows, while QEMU goes on writing. Any
// thread.

#include "base/result.h"

#include <cstdint>
#include <filesystem>
#include <string>

namespace pileus::drivers {

// Keeps what the file takes on disk below `limit_bytes`, of which the newest quarter stays.
void bound_log(int fd, int64_t limit_bytes);
// The last `limit` bytes of the file; "" when there is none.
Result<std::string> read_log_end(const std::filesystem::path& path, size_t limit);

} // namespace pileus::drivers
