// SPDX-License-Identifier: Apache-2.0
// Names that the checks let through are made of nothing that a rule, a file of dnsmasq or a path
// could read as more than a name.
#include "drivers/network/topology/topology.h"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace pileus::drivers;
    const std::string_view text(static_cast<const char*>(static_cast<const void*>(data)), size);
    constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyz0123456789-";
    const bool is_plain = text.find_first_not_of(plain) == std::string_view::npos;
    if ((is_safe_id(text) || is_safe_label(text)) &&
        (!is_plain || text.empty() || text.size() > 63))
        std::abort();
    constexpr std::string_view dotted = "abcdefghijklmnopqrstuvwxyz0123456789-.";
    if (is_safe_domain(text) && (text.find_first_not_of(dotted) != std::string_view::npos ||
                                 text.size() > 200 || text.empty()))
        std::abort();
    return 0;
}
