// SPDX-License-Identifier: Apache-2.0
#include "domain/routing.h"

#include <array>
#include <utility>

namespace pileus::domain {

namespace {

template <class Enum, size_t Count>
using Words = std::array<std::pair<Enum, std::string_view>, Count>;

constexpr Words<NatGatewayState, 5> nat_gateway_states{{
    {NatGatewayState::pending, "pending"},
    {NatGatewayState::failed, "failed"},
    {NatGatewayState::available, "available"},
    {NatGatewayState::deleting, "deleting"},
    {NatGatewayState::deleted, "deleted"},
}};

constexpr Words<PeeringState, 7> peering_states{{
    {PeeringState::initiating_request, "initiating-request"},
    {PeeringState::pending_acceptance, "pending-acceptance"},
    {PeeringState::active, "active"},
    {PeeringState::rejected, "rejected"},
    {PeeringState::failed, "failed"},
    {PeeringState::expired, "expired"},
    {PeeringState::deleted, "deleted"},
}};

template <class Words, class Enum> std::string_view word_of(const Words& words, Enum value) {
    for (const auto& [known, word] : words)
        if (known == value)
            return word;
    return "";
}

template <class Enum, size_t Count>
std::optional<Enum> value_of(const Words<Enum, Count>& words, std::string_view text) {
    for (const auto& [known, word] : words)
        if (word == text)
            return known;
    return std::nullopt;
}

} // namespace

std::string_view to_string(NatGatewayState state) {
    return word_of(nat_gateway_states, state);
}

std::optional<NatGatewayState> parse_nat_gateway_state(std::string_view text) {
    return value_of(nat_gateway_states, text);
}

std::string_view to_string(PeeringState state) {
    return word_of(peering_states, state);
}

std::optional<PeeringState> parse_peering_state(std::string_view text) {
    return value_of(peering_states, text);
}

} // namespace pileus::domain
