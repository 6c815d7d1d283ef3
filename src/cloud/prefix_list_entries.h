// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the entries of a prefix list become when some come and some go. Pure functions; any thread.

#include "cloud/prefix_lists.h"

#include <string>
#include <vector>

namespace pileus::cloud {

// In the order of their blocks, canonical: host bits cleared, RFC 5952. An addition of a block that
// is there gives it a new description. Refused: blocks of the other family, the same block twice,
// one that is added and removed at once, removal of what is not there, more than `max_entries`.
Result<std::vector<PrefixListAddition>>
changed_entries(const std::vector<PrefixListAddition>& present,
                const std::vector<PrefixListAddition>& additions,
                const std::vector<std::string>& removals,
                bool is_ipv6,
                int max_entries);

Error too_many_entries(int max_entries);

} // namespace pileus::cloud
