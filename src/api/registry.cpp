// SPDX-License-Identifier: Apache-2.0
#include "api/registry.h"

namespace pileus::api {

std::vector<std::string> Registry::implemented() const {
    std::vector<std::string> names;
    for (const auto& [name, function] : entries_)
        names.push_back(name);
    return names;
}

} // namespace pileus::api
