// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cloud/context.h"

#include <optional>
#include <string>
#include <string_view>

namespace pileus::cloud {

// What a client sends to get a list in pages.
struct PageRequest {
    std::optional<int> max_results; // 0 counts as absent: some clients send it
    std::string next_token;         // "" from the start
};

struct PageBounds {
    int minimum = 5;
    int maximum = 1000;
};

// Where a page begins and how many it holds at the most.
struct PageStart {
    std::string after; // the last key of the page before
    int limit = 0;     // 0: everything
};

// A page token is the last key, sealed (HMAC) together with the account, the region and the
// operation, so that it is good for nothing else. InvalidParameterValue for MaxResults out of
// bounds, InvalidNextToken for a token that we did not make.
Result<PageStart> open_page(const Context& context,
                            const domain::Caller& caller,
                            std::string_view operation,
                            const PageRequest& request,
                            PageBounds bounds);
std::string seal_page(const Context& context,
                      const domain::Caller& caller,
                      std::string_view operation,
                      std::string_view last_key);

// A list, and the token for what follows ("" at the end).
template <class Item> struct Listing {
    std::vector<Item> items;
    std::string next_token;
};

} // namespace pileus::cloud
