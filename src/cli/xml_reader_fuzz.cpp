// SPDX-License-Identifier: Apache-2.0
#include "cli/xml_reader.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view document(reinterpret_cast<const char*>(data), size);
    (void)pileus::cli::parse_xml(document);
    return 0;
}
