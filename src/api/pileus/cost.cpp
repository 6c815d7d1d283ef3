// SPDX-License-Identifier: Apache-2.0
#include "api/pileus/cost.h"

#include "domain/instance.h"
#include "meter/usage.h"
#include "store/instances.h"
#include "store/ledger.h"
#include "store/tags.h"

namespace pileus::api::pileus_service {

namespace json = boost::json;

namespace {

constexpr int decimals = 6;

std::vector<meter::Bill> replay_ledger(store::Store& store,
                                       const meter::PriceList& prices,
                                       const std::string& account_id,
                                       Time now) {
    static constexpr int batch = 10000;
    meter::Replay replay;
    int64_t after = 0;
    for (;;) {
        const auto events = store.read([&](store::Transaction& tx) {
            return store::ledger::list(tx, account_id, after, batch);
        });
        for (const auto& event : events)
            replay.add(event);
        if (static_cast<int>(events.size()) < batch)
            return replay.bills(prices, now);
        after = events.back().sequence;
    }
}

struct Sums {
    meter::Money instance, volumes, addresses;
    int64_t running_seconds = 0;
    std::string type;
    json::array unpriced;
};

meter::Money& sum_of(Sums& sums, meter::ChargeKind kind) {
    switch (kind) {
    case meter::ChargeKind::instance:
        return sums.instance;
    case meter::ChargeKind::volume:
    case meter::ChargeKind::volume_iops:
    case meter::ChargeKind::volume_throughput:
        return sums.volumes;
    case meter::ChargeKind::address:
    case meter::ChargeKind::nat_gateway:
        break;
    }
    return sums.addresses;
}

Sums sum_up(const meter::Bill& bill) {
    Sums sums;
    for (const auto& charge : bill.charges) {
        if (charge.kind == meter::ChargeKind::instance) {
            sums.running_seconds += charge.seconds;
            sums.type = charge.item;
        }
        if (!charge.cost) {
            sums.unpriced.emplace_back(charge.missing_price);
            continue;
        }
        sum_of(sums, charge.kind) += *charge.cost;
    }
    return sums;
}

// Name and state of an instance; it may be gone from the store, but never from the ledger.
json::object describe(store::Store& store, const std::string& instance_id) {
    return store.read([&](store::Transaction& tx) {
        json::object out{{"instance_id", instance_id}, {"name", ""}, {"state", "terminated"}};
        if (const auto instance = store::instances::find(tx, instance_id)) {
            out["state"] = to_string(instance->state);
            out["type"] = instance->type;
        }
        for (const auto& tag : store::tags::list_of(tx, instance_id))
            if (tag.key == "Name")
                out["name"] = tag.value;
        return out;
    });
}

} // namespace

json::object running_cost(store::Store& store,
                          const meter::PriceList& prices,
                          const std::string& account_id,
                          Time now) {
    json::array instances, others;
    meter::Money total;
    for (const auto& bill : replay_ledger(store, prices, account_id, now)) {
        auto sums = sum_up(bill);
        total += bill.total();
        if (!bill.id.starts_with("i-")) {
            others.emplace_back(
                json::object{{"resource_id", bill.id},
                             {"kind", bill.charges.empty() ? "" : bill.charges.front().item},
                             {"total", bill.total().str(decimals)}});
            continue;
        }
        auto row = describe(store, bill.id);
        if (!row.contains("type"))
            row["type"] = sums.type;
        row["running_seconds"] = sums.running_seconds;
        row["compute"] = sums.instance.str(decimals);
        row["volumes"] = sums.volumes.str(decimals);
        row["addresses"] = sums.addresses.str(decimals);
        row["total"] = bill.total().str(decimals);
        row["unpriced"] = std::move(sums.unpriced);
        instances.emplace_back(std::move(row));
    }
    return json::object{{"currency", "USD"},
                        {"at", format_iso8601(now)},
                        {"prices_valid_from", prices.valid_from()},
                        {"instances", std::move(instances)},
                        {"other", std::move(others)},
                        {"total", total.str(decimals)}};
}

} // namespace pileus::api::pileus_service
