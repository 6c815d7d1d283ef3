// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace pileus::domain {

// On whose behalf an operation runs: made from the authenticated request, handed to every function
// of src/cloud. Every look-up is scoped by account and region; a foreign id is indistinguishable
// from a missing one.
struct Caller {
    std::string account_id; // 12 digits
    std::string region;     // from the credential scope
    std::string arn;
    std::string user_id;
    std::string request_id;
    bool dry_run = false; // DryRun=true: everything is checked, nothing is done
};

} // namespace pileus::domain
