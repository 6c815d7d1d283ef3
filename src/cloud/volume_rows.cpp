// SPDX-License-Identifier: Apache-2.0
#include "cloud/volume_rows.h"

#include "cloud/listing.h"
#include "store/volumes.h"
#include "store/work.h"

#include <algorithm>
#include <fmt/core.h>
#include <map>

namespace pileus::cloud {

namespace codes = domain::codes;

Result<domain::Volume>
find_own_volume(store::Transaction& tx, const domain::Caller& caller, const std::string& id) {
    auto volume = own(store::volumes::find(tx, id), scope_of(caller));
    if (!volume)
        return fail(missing_error(kinds::volume, id));
    return std::move(*volume);
}

std::vector<VolumeView>
view_volumes(store::Transaction& tx, const Context& context, std::vector<domain::Volume> rows) {
    std::vector<VolumeView> views;
    views.reserve(rows.size());
    for (auto& row : rows) {
        auto zone = zone_id(context.settings, row.zone);
        views.push_back({std::move(row), std::move(zone), {}});
    }
    attach_tags(tx, views, [](const VolumeView& v) { return v.volume.id; });
    return views;
}

VolumeView view_volume(store::Transaction& tx, const Context& context, domain::Volume row) {
    return std::move(view_volumes(tx, context, {std::move(row)}).front());
}

bool is_root_volume(const domain::Instance& instance, const domain::Volume& volume) {
    return volume.instance_id == instance.id && volume.device == instance.root_device_name;
}

void sort_by_device(std::vector<domain::Volume>& volumes, const std::string& root_device_name) {
    const auto place = [&](const domain::Volume& volume) {
        return std::pair(volume.device != root_device_name, volume.device);
    };
    std::sort(volumes.begin(), volumes.end(), [&](const auto& a, const auto& b) {
        return place(a) < place(b);
    });
}

namespace {

constexpr int64_t gib_per_tib = 1024;

Result<void> check_storage_of_type(store::Transaction& tx,
                                   const Context& context,
                                   const domain::Caller& caller,
                                   const StorageDemand& demand,
                                   const char* storage_code) {
    const auto& limits = context.settings.limits;
    const auto used = store::volumes::total_of_type(tx, scope_of(caller), demand.type);
    const auto storage_tib =
        demand.type == "io2" ? limits.io2_storage_tib : limits.volume_storage_tib;
    if (demand.size_gib > 0 && used.size_gib + demand.size_gib > storage_tib * gib_per_tib)
        return fail(storage_code,
                    fmt::format("You have exceeded your maximum {} storage limit of {} TiB in this "
                                "region. The operator of this installation can raise it.",
                                demand.type,
                                storage_tib));
    if (demand.type != "io1" && demand.type != "io2")
        return {};
    const auto iops = demand.type == "io1" ? limits.io1_iops : limits.io2_iops;
    if (demand.iops > 0 && used.iops + demand.iops > iops)
        return fail(codes::iops_limit_exceeded,
                    fmt::format("You have exceeded your maximum {} IOPS limit of {} in this "
                                "region. The operator of this installation can raise it.",
                                demand.type,
                                iops));
    return {};
}

} // namespace

Result<void> check_storage_quota(store::Transaction& tx,
                                 const Context& context,
                                 const domain::Caller& caller,
                                 const std::vector<StorageDemand>& demands,
                                 const char* storage_code) {
    std::map<std::string, StorageDemand> by_type;
    for (const auto& demand : demands) {
        auto& sum = by_type[demand.type];
        sum.type = demand.type;
        sum.size_gib += demand.size_gib;
        sum.iops += demand.iops;
    }
    for (const auto& [type, sum] : by_type)
        PILEUS_TRY(check_storage_of_type(tx, context, caller, sum, storage_code));
    return {};
}

size_t volumes_max(const Context& context, size_t interfaces) {
    const auto attachments = static_cast<size_t>(context.settings.limits.attachments_per_instance);
    const auto of_interfaces = std::max<size_t>(interfaces, 1);
    return attachments > of_interfaces ? attachments - of_interfaces : 1;
}

void enqueue_volume(store::Transaction& tx, const Context& context, const domain::Volume& volume) {
    store::work::enqueue(tx, "volume", volume.id, volume.host_id, context.clock.now());
}

} // namespace pileus::cloud
