// SPDX-License-Identifier: Apache-2.0
#include "api/parameters_hash.h"

#include "base/text.h"
#include "wire/query_decoder.h"

#include <algorithm>
#include <array>
#include <fmt/core.h>
#include <openssl/sha.h>
#include <vector>

namespace pileus::api {

std::string parameters_hash(const wire::Form& form) {
    if (!form.find("ClientToken"))
        return {};
    std::vector<std::string> lines;
    for (const auto& parameter : form.parameters())
        if (parameter.name != "ClientToken" && parameter.name != "DryRun" &&
            !wire::is_protocol_parameter(parameter.name))
            // Lengths, so that no value can pretend to be another parameter.
            lines.push_back(fmt::format("{} {} {}{}",
                                        parameter.name.size(),
                                        parameter.value.size(),
                                        parameter.name,
                                        parameter.value));
    std::sort(lines.begin(), lines.end());
    std::string text;
    for (const auto& line : lines)
        text += line;
    std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
    SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
    return hex_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

} // namespace pileus::api
