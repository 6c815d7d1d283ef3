// SPDX-License-Identifier: Apache-2.0
#include "store/disk_tasks.h"

#include "store/table.h"
#include "store/wire_enums.h"

namespace pileus::store::disk_tasks {

namespace {

struct Columns {
    static constexpr std::string_view table = "disk_tasks";

    template <class Task, class Visitor> static void visit(Task& t, Visitor column) {
        column("id", t.id);
        column("kind", t.kind);
        column("account_id", t.account_id);
        column("region", t.region);
        column("host_id", t.host_id);
        column("description", t.description);
        column("state", t.state);
        column("status", t.status);
        column("status_message", t.status_message);
        column("progress_percent", t.progress_percent);
        column("source", t.source);
        column("format", t.format);
        column("encrypted", t.encrypted);
        column("kms_key_id", t.kms_key_id);
        column("snapshot_id", t.snapshot_id);
        column("image_id", t.image_id);
        column("destination", t.destination);
        column("boot_mode", t.boot_mode);
        column("architecture", t.architecture);
        column("platform", t.platform);
        column("size_bytes", t.size_bytes);
        column("cancel_requested", t.cancel_requested);
        column("created_at", t.created_at);
        column("ended_at", t.ended_at);
    }
};
using Rows = Table<domain::DiskTask, Columns>;

} // namespace

void insert(Transaction& tx, const domain::DiskTask& task) {
    Rows::insert(tx, task);
}

void update(Transaction& tx, const domain::DiskTask& task) {
    Rows::update(tx, task);
}

void erase(Transaction& tx, const std::string& id) {
    Rows::erase(tx, id);
}

std::optional<domain::DiskTask> find(Transaction& tx, const std::string& id) {
    return Rows::find_by_key(tx, id);
}

std::vector<domain::DiskTask> list(Transaction& tx, const Scope& scope, const Page& page) {
    return Rows::list_page(tx, scope, page);
}

std::vector<domain::DiskTask> list_active(Transaction& tx, const std::string& host_id) {
    return Rows::list(tx, "WHERE host_id = $1 AND ended_at IS NULL ORDER BY id", host_id);
}

} // namespace pileus::store::disk_tasks
