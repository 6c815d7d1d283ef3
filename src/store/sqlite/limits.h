// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace pileus::store::limits {

inline constexpr size_t waiting_writes = 1024; // more callers wait before they may queue
inline constexpr size_t writes_per_commit =
    256; // so that the first of a group does not wait for ever
inline constexpr int log_pages_when_idle =
    1000; // 4 MiB: copied into the database when no write waits
inline constexpr int log_pages_when_busy = 16000; // 64 MiB: copied even though writes wait

} // namespace pileus::store::limits
