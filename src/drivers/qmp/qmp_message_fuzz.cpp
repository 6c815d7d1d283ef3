// SPDX-License-Identifier: Apache-2.0
#include "drivers/qmp/qmp_message.h"

// The first byte says in which pieces the rest arrives.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size < 1)
        return 0;
    const size_t piece = data[0] + size_t{1};
    std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);
    pileus::drivers::QmpLineReader reader;
    while (!stream.empty()) {
        if (!reader.append(stream.substr(0, piece)))
            return 0;
        stream.remove_prefix(std::min(piece, stream.size()));
        while (const auto line = reader.next())
            (void)pileus::drivers::parse_qmp_message(*line);
    }
    return 0;
}
