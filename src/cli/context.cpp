// SPDX-License-Identifier: Apache-2.0
#include "cli/context.h"

#include "cli/credentials.h"

namespace pileus::cli {

Result<Api> Context::connect() const {
    PILEUS_ASSIGN(auto credentials, find_credentials(installation, environment));
    return Api::connect(std::move(credentials), clock);
}

} // namespace pileus::cli
