// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api/registry.h"

#include <string>

namespace pileus::api {

// docs/api-coverage.md: every operation of EC2's model, and whether this build implements it. Made
// of the registry, so that it cannot say what is not so.
std::string api_coverage(const Registry& registry);

} // namespace pileus::api
