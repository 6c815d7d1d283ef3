// SPDX-License-Identifier: Apache-2.0
#include "cloud/volumes.h"

#include "cloud/listing.h"
#include "store/volumes.h"

#include <algorithm>

namespace pileus::cloud {

namespace {

bool is_attached(const VolumeView& v) {
    return !v.volume.instance_id.empty();
}

constexpr FilterField<VolumeView> volume_filters[]{
    {"attachment.attach-time",
     [](const VolumeView& v, const Emit& emit) {
         if (is_attached(v) && v.volume.attached_at)
             emit(format_iso8601(*v.volume.attached_at));
     }},
    {"attachment.delete-on-termination",
     [](const VolumeView& v, const Emit& emit) {
         if (is_attached(v))
             emit(filter_bool(v.volume.delete_on_termination));
     }},
    {"attachment.device",
     [](const VolumeView& v, const Emit& emit) {
         if (is_attached(v))
             emit(v.volume.device);
     }},
    {"attachment.instance-id",
     [](const VolumeView& v, const Emit& emit) {
         if (is_attached(v))
             emit(v.volume.instance_id);
     }},
    {"attachment.status",
     [](const VolumeView& v, const Emit& emit) {
         if (is_attached(v))
             emit(domain::to_string(v.volume.attachment));
     }},
    {"availability-zone", [](const VolumeView& v, const Emit& emit) { emit(v.volume.zone); }},
    {"availability-zone-id", [](const VolumeView& v, const Emit& emit) { emit(v.zone_id); }},
    {"create-time",
     [](const VolumeView& v, const Emit& emit) { emit(format_iso8601(v.volume.created_at)); }},
    {"encrypted",
     [](const VolumeView& v, const Emit& emit) { emit(filter_bool(v.volume.encrypted)); }},
    {"fast-restored", emit_false<VolumeView>},
    {"multi-attach-enabled", emit_false<VolumeView>},
    {"operator.managed", emit_false<VolumeView>},
    {"operator.principal", emit_nothing<VolumeView>},
    {"size",
     [](const VolumeView& v, const Emit& emit) { emit(std::to_string(v.volume.size_gib)); }},
    {"snapshot-id", [](const VolumeView& v, const Emit& emit) { emit(v.volume.snapshot_id); }},
    {"status",
     [](const VolumeView& v, const Emit& emit) { emit(domain::to_string(v.volume.state)); }},
    {"volume-id", [](const VolumeView& v, const Emit& emit) { emit(v.volume.id); }},
    {"volume-type", [](const VolumeView& v, const Emit& emit) { emit(v.volume.type); }},
};

constexpr ListingKind<VolumeView> volume_listing{
    "DescribeVolumes", volume_filters, [](const VolumeView& v) { return v.volume.id; }};

} // namespace

Result<Listing<VolumeView>> Volumes::describe(const domain::Caller& caller,
                                              const std::vector<std::string>& ids,
                                              const Filters& filters,
                                              const PageRequest& page) {
    const auto scope = scope_of(caller);
    const auto* of_instances = exact_filter(filters, "attachment.instance-id");
    const auto view = [&](store::Transaction& tx, std::vector<domain::Volume> rows) {
        std::vector<VolumeView> views;
        for (auto& row : rows) {
            auto zone = zone_id(context_.settings, row.zone);
            views.push_back({std::move(row), std::move(zone), {}});
        }
        attach_tags(tx, views, [](const VolumeView& v) { return v.volume.id; });
        return views;
    };
    const auto find = [&](store::Transaction& tx, const std::string& id) {
        return view_one(tx, own(store::volumes::find(tx, id), scope), view);
    };
    const auto batch = [&](store::Transaction& tx, const store::Page& rows) {
        if (!of_instances)
            return view(tx, store::volumes::list(tx, scope, rows));
        return view(tx, own_of_each(of_instances->values, scope, rows, [&](const std::string& id) {
                        return store::volumes::list_of_instance(tx, id);
                    }));
    };
    if (!ids.empty())
        return list_named(
            context_, caller, volume_listing, kinds::volume, ids, filters, page, find);
    return list_matching(context_, caller, volume_listing, filters, page, batch);
}

} // namespace pileus::cloud
