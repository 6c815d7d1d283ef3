// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where the disk of an import may come from: the one rule, which the API applies to what is asked
// for and the engine to what it is about to fetch. Pure functions.

#include <string>
#include <string_view>
#include <vector>

namespace pileus::domain {

bool is_url(std::string_view source); // else the name of a file

// http or https, below one of the prefixes ("https://host.evil" is not below "https://host"), with
// nothing in it that could make a client read it in another way than its prefix says.
bool is_allowed_url(std::string_view url, const std::vector<std::string>& prefixes);

} // namespace pileus::domain
