// SPDX-License-Identifier: Apache-2.0
#include "drivers/picture/picture.h"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const auto picture = pileus::drivers::parse_ppm({reinterpret_cast<const char*>(data), size});
    if (picture && !pileus::drivers::encode_jpeg(*picture))
        __builtin_trap();
    return 0;
}
