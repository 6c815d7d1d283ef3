// SPDX-License-Identifier: Apache-2.0
#include "drivers/volumes/formats/qcow2_header.h"

#include <cstdlib>

// The first 8 bytes choose the file's size, the rest is its start.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size < 8)
        return 0;
    uint64_t file_bytes = 0;
    for (int i = 0; i < 8; ++i)
        file_bytes = file_bytes << 8 | data[i];
    const std::string_view start(reinterpret_cast<const char*>(data) + 8, size - 8);
    const auto header = pileus::drivers::read_standalone_qcow2(start, file_bytes);
    if (header && header->virtual_bytes > pileus::drivers::qcow2_limits::virtual_bytes)
        std::abort();
    return 0;
}
