// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"

#include <optional>
#include <string>
#include <string_view>

namespace pileus::imds {

// Session tokens of IMDSv2. A token says when it ends, sealed together with the interface and the
// instance that it was given to: there is no table of tokens to fill up, and a token is worth
// nothing from another guest. Immutable; any thread.
class TokenSealer {
  public:
    static constexpr int ttl_seconds_min = 1;
    static constexpr int ttl_seconds_max = 21600;

    explicit TokenSealer(std::string key) : key_(std::move(key)) {}

    std::string issue(std::string_view interface_id,
                      std::string_view instance_id,
                      Time now,
                      int ttl_seconds) const;
    // How much longer the token is good for, in seconds; nullopt when it never was or no longer is.
    std::optional<int> check(std::string_view token,
                             std::string_view interface_id,
                             std::string_view instance_id,
                             Time now) const;

  private:
    std::string seal(std::string_view expiry,
                     std::string_view interface_id,
                     std::string_view instance_id) const;

    const std::string key_;
};

} // namespace pileus::imds
