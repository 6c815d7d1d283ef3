// SPDX-License-Identifier: Apache-2.0
#include "store/vpc_peering_connections.h"

#include "store/table.h"

#include <algorithm>

namespace pileus::store::vpc_peering_connections {

namespace {

struct Columns {
    static constexpr std::string_view table = "vpc_peering_connections";

    template <class Row, class Visitor> static void visit(Row& r, Visitor column) {
        column("id", r.id);
        column("requester_account_id", r.requester_account_id);
        column("requester_region", r.requester_region);
        column("requester_vpc_id", r.requester_vpc_id);
        column("accepter_account_id", r.accepter_account_id);
        column("accepter_region", r.accepter_region);
        column("accepter_vpc_id", r.accepter_vpc_id);
        column("state", r.state);
        column("message", r.message);
        column("requester_resolves_dns", r.requester_resolves_dns);
        column("accepter_resolves_dns", r.accepter_resolves_dns);
        column("created_at", r.created_at);
        column("expires_at", r.expires_at);
        column("ended_at", r.ended_at);
    }
};
using Rows = Table<domain::VpcPeeringConnection, Columns>;

} // namespace

void insert(Transaction& tx, const domain::VpcPeeringConnection& peering) {
    Rows::insert(tx, peering);
}

void update(Transaction& tx, const domain::VpcPeeringConnection& peering) {
    Rows::update(tx, peering);
}

void erase(Transaction& tx, const std::string& id) {
    Rows::erase(tx, id);
}

std::optional<domain::VpcPeeringConnection> find(Transaction& tx, const std::string& id) {
    return Rows::find_by_key(tx, id);
}

std::optional<domain::VpcPeeringConnection>
find(Transaction& tx, const Scope& scope, const std::string& id) {
    return Rows::find(tx,
                      "WHERE id = $1 AND ((requester_account_id = $2 AND requester_region = $3) OR "
                      "(accepter_account_id = $2 AND accepter_region = $3))",
                      id,
                      scope.account_id,
                      scope.region);
}

// Each side has an index of its own: two ranges, merged.
std::vector<domain::VpcPeeringConnection>
list(Transaction& tx, const Scope& scope, const Page& page) {
    const auto side = [&](std::string_view where) {
        return Rows::list(tx, where, scope.account_id, scope.region, page.after_id, page.limit);
    };
    auto all = side("WHERE requester_account_id = $1 AND requester_region = $2 AND id > $3 "
                    "ORDER BY id LIMIT $4");
    for (auto& row : side("WHERE accepter_account_id = $1 AND accepter_region = $2 AND id > $3 "
                          "ORDER BY id LIMIT $4"))
        all.push_back(std::move(row));
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    const auto same_id = [](const auto& a, const auto& b) { return a.id == b.id; };
    all.erase(std::unique(all.begin(), all.end(), same_id), all.end());
    if (all.size() > static_cast<size_t>(page.limit))
        all.resize(static_cast<size_t>(page.limit));
    return all;
}

std::vector<domain::VpcPeeringConnection> list_of_vpc(Transaction& tx, const std::string& vpc_id) {
    return Rows::list(
        tx, "WHERE requester_vpc_id = $1 OR accepter_vpc_id = $1 ORDER BY id", vpc_id);
}

} // namespace pileus::store::vpc_peering_connections
