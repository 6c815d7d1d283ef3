// SPDX-License-Identifier: Apache-2.0
#include "api/coverage.h"

#include "model/schema.h"

#include <fmt/core.h>

namespace pileus::api {

std::string api_coverage(const Registry& registry) {
    const auto& service = model::ec2_service();
    const auto implemented = registry.implemented(service);
    std::string text =
        fmt::format("# API coverage\n\n"
                    "Generated from the program's own registry: `PILEUS_UPDATE=1 "
                    "build/test/bin/pileus_api_test`. Do not edit.\n\n"
                    "{} of the {} operations of EC2 (API version {}) have their real effect. Every "
                    "other one is parsed and validated by the model, and then\n"
                    "answers HTTP 400 `UnsupportedOperation` naming the operation; what is no "
                    "operation of EC2 answers `InvalidAction`. Of STS there is\n"
                    "GetCallerIdentity.\n\n| operation | |\n|---|---|\n",
                    implemented.size(),
                    service.operations().size(),
                    service.version);
    for (const auto& operation : service.operations())
        text += fmt::format(
            "| {} | {} |\n", operation.name(), registry.find(operation) ? "implemented" : "");
    return text;
}

} // namespace pileus::api
