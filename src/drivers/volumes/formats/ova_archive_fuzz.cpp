// SPDX-License-Identifier: Apache-2.0
#include "drivers/volumes/formats/foreign_disk.h"
#include "drivers/volumes/formats/qcow2_header.h"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace pileus::drivers;
    const std::string_view file(reinterpret_cast<const char*>(data), size);
    const auto disk = inspect_foreign_disk("ova", bytes_of(file));
    if (disk && (disk->virtual_bytes <= 0 || disk->virtual_bytes > qcow2_limits::virtual_bytes ||
                 disk->offset > size || disk->bytes > size - disk->offset))
        std::abort();
    return 0;
}
