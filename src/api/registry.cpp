// SPDX-License-Identifier: Apache-2.0
#include "api/registry.h"

namespace pileus::api {

std::vector<std::string> Registry::implemented(const model::ServiceSchema& service) const {
    std::vector<std::string> names;
    for (const auto& operation : service.operations())
        if (find(operation))
            names.emplace_back(operation.name());
    return names;
}

} // namespace pileus::api
