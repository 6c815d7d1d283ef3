// SPDX-License-Identifier: Apache-2.0
#include "drivers/hypervisor/qemu/agent_messages.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

// The first byte says in which pieces the rest arrives.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace pileus::drivers;
    if (size < 1)
        return 0;
    const size_t piece = data[0] + size_t{1};
    std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);
    AgentLineReader reader;
    while (!stream.empty()) {
        reader.append(stream.substr(0, piece));
        stream.remove_prefix(std::min(piece, stream.size()));
        while (const auto line = reader.next()) {
            const auto message = parse_agent_message(*line);
            if (line->size() > agent_limits::line_bytes || message.why.size() > line->size())
                std::abort();
        }
    }
    return 0;
}
