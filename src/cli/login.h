// SPDX-License-Identifier: Apache-2.0
#pragma once

// How one gets into an instance: its address, the key of the person, and the host key that the
// guest showed on its console. Used by the commands that speak SSH. One thread.

#include "cli/context.h"

#include <string>
#include <vector>

namespace pileus::cli {

struct LoginOptions {
    std::string instance_id;
    std::string user;     // "" for the image's own
    std::string key_path; // "" looks for the key of the instance
    bool wait = false;    // until the guest is ready
};

// `words` is ssh with its options; `destination` is "admin@127.64.0.10".
struct SshLine {
    std::vector<std::string> words;
    std::string destination;
};
Result<SshLine> prepare_ssh(const Context& context, const Api& api, const LoginOptions& options);

} // namespace pileus::cli
