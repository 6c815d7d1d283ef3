// SPDX-License-Identifier: Apache-2.0
#pragma once

// What one needs to talk to a running Pileus. The daemon writes them at its first start; where the
// command line finds them is said in find_credentials(). A value; the secret is never printed but
// by `pileus env`.

#include "base/result.h"
#include "cli/environment.h"
#include "cli/installation.h"

#include <string>

namespace pileus::cli {

struct Credentials {
    std::string endpoint; // "http://127.0.0.1:4566"
    std::string access_key_id;
    std::string secret_access_key;
    std::string region = "us-east-1";
    std::string account_id;
    std::string source; // where they come from, for messages
};

// The file that the daemon writes: flat TOML.
Result<Credentials> parse_credentials(const std::string& text, const std::string& name);

// In this order: the three AWS_ variables when all are set; the file that PILEUS_CREDENTIALS names;
// the person's own file; the daemon's. An installation that was named (--data-dir, PILEUS_DATA_DIR)
// comes before the person's own file.
Result<Credentials> find_credentials(const Installation& installation,
                                     const Environment& environment);

} // namespace pileus::cli
