// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "auth/credentials.h"
#include "base/random.h"
#include "base/result.h"

#include <filesystem>
#include <string>

namespace pileus::daemon {

// <data_dir>/credentials.toml: how to reach this installation and with which keys, for the command
// line on the same machine. The keys are made at the first start where the configuration names
// none, and stay the same; endpoint and region follow the configuration. Reads the keys that are
// there, or makes new ones for the account; writes the file anew where something changed.
Result<auth::Credential> ensure_credentials_file(const std::filesystem::path& path,
                                                 const std::string& endpoint,
                                                 const std::string& region,
                                                 const std::string& account_id,
                                                 const std::vector<auth::Credential>& configured,
                                                 Random& random);

} // namespace pileus::daemon
