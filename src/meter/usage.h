// SPDX-License-Identifier: Apache-2.0
#pragma once

// Usage and money: a replay of ledger events, as a pure function of the events, the prices and an
// instant. See README.md for AWS's rules. Replay holds the state between events, so that a long
// ledger can be read in pieces; it belongs to one thread.

#include "domain/ledger.h"
#include "meter/money.h"
#include "meter/price_list.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pileus::meter {

enum class ChargeKind {
    instance,
    volume,
    volume_iops,       // provisioned beyond what the type includes
    volume_throughput, // the same, in MiB/s
    address,
    nat_gateway,
};

// One thing that is charged: an instance of one type, a volume of one type, its IOPS, its
// throughput, an address, a NAT gateway.
struct Charge {
    ChargeKind kind = ChargeKind::instance;
    std::string resource_id;
    std::string item;          // "t3.micro", "gp3", "public IPv4 address", "NAT gateway"
    bool active = false;       // still running up
    int64_t seconds = 0;       // charged; minimum and whole hours included
    int64_t gib_seconds = 0;   // volumes
    int64_t unit_seconds = 0;  // of IOPS, or of MiB/s
    std::optional<Money> cost; // nothing when a price is missing: never 0
    std::string missing_price; // why
};

// What is shown under one instance: itself, its volumes, its addresses. What belongs to no instance
// stands under its own id.
struct Bill {
    std::string id;
    std::string account_id;
    std::string region;
    std::vector<Charge> charges;

    Money total() const; // of what has a price
    bool has_missing_price() const;
};

class Replay {
  public:
    // In the order of their sequence numbers.
    void add(const domain::LedgerEvent& event);
    // The bills as they stand at `now`, in the order of their ids. Events after `now` must not have
    // been added.
    std::vector<Bill> bills(const PriceList& prices, Time now) const;

  private:
    // A stretch of time for which something was charged at one size; without an end while it lasts.
    struct Span {
        int64_t start = 0; // seconds since 1970
        std::optional<int64_t> end;
        int64_t quantity = 1;
        int64_t minimum_start =
            0; // where the 60 s are counted from: a resize does not start them again
    };
    struct Key {
        std::string bill_id;
        ChargeKind kind;
        std::string resource_id;
        std::string item;
        auto operator<=>(const Key&) const = default;
    };
    struct Owner {
        std::string account_id;
        std::string region;
    };

    void start(const domain::LedgerEvent& event, ChargeKind kind, const std::string& item);
    void resize(const domain::LedgerEvent& event);
    void retype(const domain::LedgerEvent& event);
    void set_performance(const domain::LedgerEvent& event, ChargeKind kind);
    void end_volume(const domain::LedgerEvent& event);
    void end(const domain::LedgerEvent& event, ChargeKind kind);
    Charge charge_of(const Key& key,
                     const std::vector<Span>& spans,
                     const std::string& region,
                     const PriceList& prices,
                     int64_t now) const;

    std::map<Key, std::vector<Span>> spans_;
    std::map<std::pair<ChargeKind, std::string>, Key> open_; // what lasts, by resource
    std::map<std::string, Owner> owners_;                    // by bill
};

// All of it at once: what happened until `now`.
std::vector<Bill>
replay(const std::vector<domain::LedgerEvent>& events, const PriceList& prices, Time now);

} // namespace pileus::meter
