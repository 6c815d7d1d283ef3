// SPDX-License-Identifier: Apache-2.0
#include "cloud/ssh_wire.h"

#include "base/text.h"

namespace pileus::cloud {

std::string wrap_base64(std::string_view bytes, size_t line_chars) {
    const auto text = base64_encode(bytes);
    std::string lines;
    for (size_t i = 0; i < text.size(); i += line_chars)
        lines += text.substr(i, line_chars) + "\n";
    return lines;
}

} // namespace pileus::cloud
