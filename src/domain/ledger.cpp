// SPDX-License-Identifier: Apache-2.0
#include "domain/ledger.h"

#include <array>
#include <utility>

namespace pileus::domain {

namespace {
constexpr std::array<std::pair<LedgerKind, std::string_view>, 20> names{{
    {LedgerKind::instance_started, "instance-started"},
    {LedgerKind::instance_ended, "instance-ended"},
    {LedgerKind::volume_created, "volume-created"},
    {LedgerKind::volume_resized, "volume-resized"},
    {LedgerKind::volume_retyped, "volume-retyped"},
    {LedgerKind::volume_iops_set, "volume-iops-set"},
    {LedgerKind::volume_throughput_set, "volume-throughput-set"},
    {LedgerKind::volume_deleted, "volume-deleted"},
    {LedgerKind::snapshot_completed, "snapshot-completed"},
    {LedgerKind::snapshot_stored, "snapshot-stored"},
    {LedgerKind::snapshot_deleted, "snapshot-deleted"},
    {LedgerKind::address_taken, "address-taken"},
    {LedgerKind::address_released, "address-released"},
    {LedgerKind::nat_gateway_started, "nat-gateway-started"},
    {LedgerKind::nat_gateway_ended, "nat-gateway-ended"},
    {LedgerKind::nat_gateway_processed, "nat-gateway-processed"},
    {LedgerKind::data_sent_out, "data-sent-out"},
    {LedgerKind::credits_charged, "credits-charged"},
    {LedgerKind::clock_stepped, "clock-stepped"},
    {LedgerKind::prices_set, "prices-set"},
}};
} // namespace

std::string_view to_string(LedgerKind kind) {
    for (const auto& [value, name] : names)
        if (value == kind)
            return name;
    return "";
}

std::optional<LedgerKind> parse_ledger_kind(std::string_view text) {
    for (const auto& [value, name] : names)
        if (name == text)
            return value;
    return std::nullopt;
}

} // namespace pileus::domain
