// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"

#include <optional>
#include <string>
#include <string_view>

namespace pileus::domain {

// What starts or stops a charge. A row of the ledger is written in the transaction that causes it
// and is never changed; usage and money are a replay of the rows (src/meter).
enum class LedgerKind {
    instance_started, // detail: the instance type. Charged from here, at least 60 s
    instance_ended,   // stopped, terminated or dead
    volume_created,   // quantity: GiB; detail: the volume type
    volume_resized,   // quantity: the new GiB
    volume_retyped,   // quantity: GiB; detail: the new volume type
    // quantity: what is charged on top of the size, that is without what the type includes; 0: none
    volume_iops_set,       // detail: the volume type
    volume_throughput_set, // MiB/s; detail: the volume type
    volume_deleted,
    snapshot_completed, // quantity: the bytes of all its layers. Charges nothing by itself
    snapshot_stored,    // quantity: the bytes that are charged to it from now on
    snapshot_deleted,
    address_taken,      // a public IPv4 address; detail: the address
    address_released,
    nat_gateway_started, // available. Each hour that was begun is charged whole
    nat_gateway_ended,
    nat_gateway_processed, // quantity: bytes since the last such event
    data_sent_out,         // to the world outside; quantity: bytes since the last such event
    credits_charged,       // surplus CPU credits; quantity: vCPU-seconds; detail: "t3"
    // The clock jumped; quantity: by how many microseconds, negative for backwards. What lasts goes
    // on at the new time as if no time had passed.
    clock_stepped,
    prices_set, // quantity: valid from (microseconds since 1970); detail: SHA-256 of the list
};

struct LedgerEvent {
    int64_t sequence = 0; // given by the store, ascending
    Time at{};
    std::string account_id;
    std::string region;
    std::string
        resource_id; // the instance, the volume, the interface, the allocation or the NAT gateway
    std::string instance_id; // whom to show it under; "" when it belongs to no instance
    LedgerKind kind = LedgerKind::instance_started;
    int64_t quantity = 0;
    std::string detail;
};

std::string_view to_string(LedgerKind kind);
std::optional<LedgerKind> parse_ledger_kind(std::string_view text);

} // namespace pileus::domain
