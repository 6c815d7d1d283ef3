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
        column("kms_key_id", v.kms_key_id);
        column("auto_enable_io", v.auto_enable_io);
        column("state", v.state);
        column("created_at", v.created_at);
        column("instance_id", v.instance_id);
        column("device", v.device);
        column("delete_on_termination", v.delete_on_termination);
        column("attachment", v.attachment);
        column("force_detach", v.force_detach);
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

std::vector<domain::Volume> list_of_snapshot(Transaction& tx, const std::string& snapshot_id) {
    return Rows::list(tx, "WHERE snapshot_id = $1 AND snapshot_id <> '' ORDER BY id", snapshot_id);
}

Total total_of_type(Transaction& tx, const Scope& scope, const std::string& type) {
    Total total{.type = type};
    const std::array<Parameter, 3> parameters{
        to_parameter(scope.account_id), to_parameter(scope.region), to_parameter(type)};
    tx.connection().run("SELECT coalesce(sum(size_gib), 0), coalesce(sum(iops), 0) FROM volumes "
                        "WHERE account_id = $1 AND region = $2 AND type = $3",
                        parameters,
                        [&](const Row& row) {
                            read_column(row, 0, total.size_gib);
                            read_column(row, 1, total.iops);
                        });
    return total;
}

} // namespace pileus::store::volumes

namespace pileus::store::volume_modifications {

namespace {

struct Columns {
    static constexpr std::string_view table = "volume_modifications";

    template <class Modification, class Visitor>
    static void visit(Modification& m, Visitor column) {
        column("volume_id", m.volume_id);
        column("account_id", m.account_id);
        column("region", m.region);
        column("state", m.state);
        column("message", m.message);
        column("original_size_gib", m.original_size_gib);
        column("original_type", m.original_type);
        column("original_iops", m.original_iops);
        column("original_throughput_mib_s", m.original_throughput_mib_s);
        column("target_size_gib", m.target_size_gib);
        column("target_type", m.target_type);
        column("target_iops", m.target_iops);
        column("target_throughput_mib_s", m.target_throughput_mib_s);
        column("progress_percent", m.progress_percent);
        column("started_at", m.started_at);
        column("ended_at", m.ended_at);
    }
};
using Rows = Table<domain::VolumeModification, Columns>;

} // namespace

void begin(Transaction& tx, const domain::VolumeModification& modification) {
    static constexpr Duration remembered = std::chrono::hours{24};
    put(tx, modification);
    execute(tx.connection(),
            "DELETE FROM volume_modification_starts WHERE volume_id = $1 AND started_at < $2",
            modification.volume_id,
            modification.started_at - remembered);
    execute(tx.connection(),
            "INSERT INTO volume_modification_starts (volume_id, started_at) VALUES ($1, $2) ON "
            "CONFLICT (volume_id, started_at) DO NOTHING",
            modification.volume_id,
            modification.started_at);
}

int count_begun_since(Transaction& tx, const std::string& volume_id, Time since) {
    return query_value<int>(tx.connection(),
                            "SELECT count(*) FROM volume_modification_starts WHERE volume_id = $1 "
                            "AND started_at > $2",
                            volume_id,
                            since)
        .value_or(0);
}

void put(Transaction& tx, const domain::VolumeModification& modification) {
    Rows::erase(tx, modification.volume_id);
    Rows::insert(tx, modification);
}

void erase(Transaction& tx, const std::string& volume_id) {
    execute(tx.connection(),
            "DELETE FROM volume_modification_starts WHERE volume_id = $1",
            volume_id);
    Rows::erase(tx, volume_id);
}

std::optional<domain::VolumeModification> find(Transaction& tx, const std::string& volume_id) {
    return Rows::find_by_key(tx, volume_id);
}

std::vector<domain::VolumeModification>
list(Transaction& tx, const Scope& scope, const Page& page) {
    return Rows::list_page(tx, scope, page);
}

} // namespace pileus::store::volume_modifications
