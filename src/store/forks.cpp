// SPDX-License-Identifier: Apache-2.0
#include "store/forks.h"

#include "store/table.h"
#include "store/wire_enums.h"

namespace pileus::store::forks {

namespace {

struct Columns {
    static constexpr std::string_view table = "forks";

    template <class Fork, class Visitor> static void visit(Fork& f, Visitor column) {
        column("id", f.id);
        column("account_id", f.account_id);
        column("region", f.region);
        column("host_id", f.host_id);
        column("source_instance_id", f.source_instance_id);
        column("template_id", f.template_id);
        column("state", f.state);
        column("message", f.message);
        column("created_at", f.created_at);
    }
};
using Rows = Table<domain::Fork, Columns>;

struct DiskColumns {
    static constexpr std::string_view table = "fork_disks";

    template <class Disk, class Visitor> static void visit(Disk& d, Visitor column) {
        column("snapshot_id", d.snapshot_id);
        column("fork_id", d.fork_id);
        column("volume_id", d.volume_id);
        column("device", d.device);
    }
};
using Disks = Table<domain::ForkDisk, DiskColumns>;

} // namespace

void insert(Transaction& tx, const domain::Fork& fork, const std::vector<domain::ForkDisk>& disks) {
    Rows::insert(tx, fork);
    for (const auto& disk : disks)
        Disks::insert(tx, disk);
}

void update(Transaction& tx, const domain::Fork& fork) {
    Rows::update(tx, fork);
}

void erase(Transaction& tx, const std::string& id) {
    execute(tx.connection(), "DELETE FROM fork_disks WHERE fork_id = $1", id);
    Rows::erase(tx, id);
}

std::optional<domain::Fork> find(Transaction& tx, const std::string& id) {
    return Rows::find_by_key(tx, id);
}

std::vector<domain::ForkDisk> list_disks(Transaction& tx, const std::string& fork_id) {
    return Disks::list(tx, "WHERE fork_id = $1 ORDER BY snapshot_id", fork_id);
}

std::vector<domain::Fork> list_of_host(Transaction& tx, const std::string& host_id) {
    return Rows::list(tx, "WHERE host_id = $1 ORDER BY id", host_id);
}

} // namespace pileus::store::forks
