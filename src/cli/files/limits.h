// SPDX-License-Identifier: Apache-2.0
#pragma once

// The bounds of a copy; what comes from a guest is refused beyond them.

#include <cstddef>
#include <cstdint>

namespace pileus::cli::files {

inline constexpr size_t packet_bytes_max = 256 * 1024 + 1024; // OpenSSH's own is 256 KiB
inline constexpr size_t chunk_bytes = 32 * 1024;              // every SFTP server takes as much
inline constexpr size_t requests_ahead_max = 64;
inline constexpr size_t names_per_reply_max = 10'000;
inline constexpr size_t name_bytes_max = 255;
inline constexpr size_t path_bytes_max = 64 * 1024;
inline constexpr size_t folder_entries_max = 1'000'000;
inline constexpr size_t tree_entries_max = 5'000'000;
inline constexpr size_t tree_depth_max = 256;
inline constexpr size_t handle_bytes_max = 256; // of the protocol
inline constexpr size_t error_text_bytes_max = 4096;
inline constexpr uint64_t resumable_bytes_min = 1024 * 1024; // less is sent anew
inline constexpr uint64_t compared_bytes = 64 * 1024;        // of a part's end, before it goes on
inline constexpr size_t journal_bytes_max = 256 * 1024 * 1024;

} // namespace pileus::cli::files
