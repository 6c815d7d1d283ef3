// SPDX-License-Identifier: Apache-2.0
#include "store/volumes.h"

#include "store/table.h"

namespace pileus::store::volumes {

namespace {

struct Columns {
    static constexpr std::string_view table = "volumes";

    template <class Volume, class Visitor> static void visit(Volume& v, Visitor column) {
        column("id", v.id);
        column("account_id", v.account_id);
        column("region", v.region);
        column("zone", v.zone);
        column("host_id", v.host_id);
        column("snapshot_id", v.snapshot_id);
        column("size_gib", v.size_gib);
        column("type", v.type);
        column("iops", v.iops);
        column("throughput_mib_s", v.throughput_mib_s);
        column("encrypted", v.encrypted);
        column("state", v.state);
        column("created_at", v.created_at);
        column("instance_id", v.instance_id);
        column("device", v.device);
        column("delete_on_termination", v.delete_on_termination);
        column("attachment", v.attachment);
        column("attached_at", v.attached_at);
    }
};
using Rows = Table<domain::Volume, Columns>;

} // namespace

void insert(Transaction& tx, const domain::Volume& volume) {
    Rows::insert(tx, volume);
}

void update(Transaction& tx, const domain::Volume& volume) {
    Rows::update(tx, volume);
}

void erase(Transaction& tx, const std::string& id) {
    Rows::erase(tx, id);
}

std::optional<domain::Volume> find(Transaction& tx, const std::string& id) {
    return Rows::find_by_key(tx, id);
}

std::vector<domain::Volume> list(Transaction& tx, const Scope& scope, const Page& page) {
    return Rows::list_page(tx, scope, page);
}

std::vector<domain::Volume> list_of_instance(Transaction& tx, const std::string& instance_id) {
    return Rows::list(tx, "WHERE instance_id = $1 AND instance_id <> '' ORDER BY id", instance_id);
}

std::vector<domain::Volume> list_of_host(Transaction& tx, const std::string& host_id) {
    return Rows::list(tx, "WHERE host_id = $1 ORDER BY id", host_id);
}

} // namespace pileus::store::volumes

namespace pileus::store::snapshots {

namespace {

struct Columns {
    static constexpr std::string_view table = "snapshots";

    template <class Snapshot, class Visitor> static void visit(Snapshot& s, Visitor column) {
        column("id", s.id);
        column("account_id", s.account_id);
        column("region", s.region);
        column("volume_id", s.volume_id);
        column("size_gib", s.size_gib);
        column("description", s.description);
        column("started_at", s.started_at);
    }
};
using Rows = Table<domain::Snapshot, Columns>;

} // namespace

void insert(Transaction& tx, const domain::Snapshot& snapshot) {
    Rows::insert(tx, snapshot);
}

void erase(Transaction& tx, const std::string& id) {
    Rows::erase(tx, id);
}

std::optional<domain::Snapshot> find(Transaction& tx, const std::string& id) {
    return Rows::find_by_key(tx, id);
}

} // namespace pileus::store::snapshots
