// SPDX-License-Identifier: Apache-2.0
#include "domain/instance_state.h"

#include <utility>

namespace pileus::domain {

namespace {
constexpr std::array<std::pair<InstanceState, std::string_view>, 6> names{{
    {InstanceState::pending, "pending"},
    {InstanceState::running, "running"},
    {InstanceState::shutting_down, "shutting-down"},
    {InstanceState::terminated, "terminated"},
    {InstanceState::stopping, "stopping"},
    {InstanceState::stopped, "stopped"},
}};
} // namespace

std::string_view to_string(InstanceState state) {
    for (const auto& [value, name] : names)
        if (value == state)
            return name;
    return "";
}

std::optional<InstanceState> parse_instance_state(std::string_view text) {
    for (const auto& [value, name] : names)
        if (name == text)
            return value;
    return std::nullopt;
}

} // namespace pileus::domain
