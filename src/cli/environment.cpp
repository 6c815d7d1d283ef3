// SPDX-License-Identifier: Apache-2.0
#include "cli/environment.h"

#include <string_view>
#include <unistd.h>

namespace pileus::cli {

Environment Environment::of_this_process() {
    Environment environment;
    for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        const size_t equals = text.find('=');
        if (equals != std::string_view::npos)
            environment.set(std::string(text.substr(0, equals)),
                            std::string(text.substr(equals + 1)));
    }
    return environment;
}

} // namespace pileus::cli
