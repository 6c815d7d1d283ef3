// SPDX-License-Identifier: Apache-2.0
#pragma once

// The start of a qcow2 file, read with suspicion and written from scratch. Pure functions, no I/O.
// A header can lie: it can name any file of the host as its backing or data file, or claim
// petabytes. Images that we take over must stand alone and stay within the limits below.

#include "base/result.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace pileus::drivers {

namespace qcow2_limits {
inline constexpr int64_t virtual_bytes = int64_t{16}
                                         << 40;   // the largest volume that EC2 makes of gp3
inline constexpr size_t header_bytes = 64 * 1024; // header, extensions and backing name
inline constexpr uint64_t refcount_table_bytes = 8 * 1024 * 1024; // what QEMU itself accepts
inline constexpr uint64_t l1_table_bytes = 32 * 1024 * 1024;      // as above
inline constexpr int header_extensions = 16;
} // namespace qcow2_limits

struct Qcow2Header {
    int64_t virtual_bytes = 0;
    unsigned cluster_bits = 16;
};

// Checks the first bytes (up to header_bytes) of an image of `file_bytes` that is to be taken over.
// The error names what is wrong with it.
Result<Qcow2Header> read_standalone_qcow2(std::string_view start, uint64_t file_bytes);

// A new, empty image: `bytes` at its start, `luks` where luks_offset says, zeros up to file_bytes.
struct NewQcow2 {
    std::string bytes;
    uint64_t file_bytes = 0;
    std::string luks;
    uint64_t luks_offset = 0;
};
// Its tables have room for the largest size, so that it grows by another number in its header
// (virtual_size_field). It names no file that it stands on: that is the owner's to know.
NewQcow2 make_qcow2(int64_t virtual_bytes);
// The same, encrypted: `luks` is what make_luks_header() made, of which `luks_length` bytes are
// kept.
NewQcow2 make_encrypted_qcow2(int64_t virtual_bytes, std::string luks, uint64_t luks_length);

// The field of the header that holds the size, as its bytes.
inline constexpr uint64_t virtual_size_offset = 24;
std::string virtual_size_field(int64_t virtual_bytes);

} // namespace pileus::drivers
