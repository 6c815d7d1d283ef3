// SPDX-License-Identifier: Apache-2.0
//
// DescribeVolumes, DescribeVolumeStatus, and their filters.

#include "cloud/listing.h"
#include "cloud/volume_rows.h"
#include "cloud/volumes.h"
#include "store/instances.h"
#include "store/volumes.h"

#include <algorithm>

namespace pileus::cloud {

using domain::VolumeState;

namespace {

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVolumes.html
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

std::string_view io_enabled(const VolumeStatusView& v) {
    return v.status == "insufficient-data" ? "not-applicable" : "passed";
}
std::string_view io_performance(const VolumeStatusView& v) {
    if (v.stalled.empty())
        return takes_iops(v.volume.type) ? "normal" : "not-applicable";
    return "stalled";
}
template <std::string_view (*value)()>
void emit_event(const VolumeStatusView& v, const Emit& emit) {
    if (!v.stalled.empty())
        emit(value());
}
std::string_view stalled_event_type() {
    return "io-performance:stalled";
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVolumeStatus.html. Nothing
// here ever asks for an action of the user's.
constexpr FilterField<VolumeStatusView> status_filters[]{
    {"action.code", emit_nothing<VolumeStatusView>},
    {"action.description", emit_nothing<VolumeStatusView>},
    {"action.event-id", emit_nothing<VolumeStatusView>},
    {"availability-zone", [](const VolumeStatusView& v, const Emit& emit) { emit(v.volume.zone); }},
    {"availability-zone-id", [](const VolumeStatusView& v, const Emit& emit) { emit(v.zone_id); }},
    {"event.description",
     [](const VolumeStatusView& v, const Emit& emit) {
         if (!v.stalled.empty())
             emit(v.stalled);
     }},
    {"event.event-id", emit_nothing<VolumeStatusView>},
    {"event.event-type", emit_event<stalled_event_type>},
    {"event.not-after", emit_nothing<VolumeStatusView>},
    {"event.not-before",
     [](const VolumeStatusView& v, const Emit& emit) {
         if (v.stalled_since)
             emit(format_iso8601(*v.stalled_since));
     }},
    {"operator.managed", emit_false<VolumeStatusView>},
    {"operator.principal", emit_nothing<VolumeStatusView>},
    {"volume-status.details-name",
     [](const VolumeStatusView&, const Emit& emit) {
         emit("io-enabled");
         emit("io-performance");
     }},
    {"volume-status.details-status",
     [](const VolumeStatusView& v, const Emit& emit) {
         emit(io_enabled(v));
         emit(io_performance(v));
     }},
    {"volume-status.status", [](const VolumeStatusView& v, const Emit& emit) { emit(v.status); }},
};

constexpr ListingKind<VolumeStatusView> status_listing{
    "DescribeVolumeStatus",
    status_filters,
    [](const VolumeStatusView& v) { return v.volume.id; },
    {5, 1000}};

VolumeStatusView status_of(store::Transaction& tx, VolumeView view) {
    VolumeStatusView status{.volume = std::move(view.volume),
                            .zone_id = std::move(view.zone_id),
                            .tags = std::move(view.tags),
                            .status = "ok",
                            .stalled = {},
                            .stalled_since = {}};
    const auto& volume = status.volume;
    if (volume.state == VolumeState::creating || volume.state == VolumeState::error)
        status.status = "insufficient-data";
    if (volume.instance_id.empty())
        return status;
    const auto instance = store::instances::find(tx, volume.instance_id);
    if (instance && !instance->impairment.empty()) {
        status.status = "impaired";
        status.stalled = instance->impairment;
        status.stalled_since = instance->impaired_since;
    }
    return status;
}

} // namespace

Result<Listing<VolumeView>> Volumes::describe(const domain::Caller& caller,
                                              const std::vector<std::string>& ids,
                                              const Filters& filters,
                                              const PageRequest& page) {
    const auto scope = scope_of(caller);
    const auto* of_instances = exact_filter(filters, "attachment.instance-id");
    const auto view = [&](store::Transaction& tx, std::vector<domain::Volume> rows) {
        return view_volumes(tx, context_, std::move(rows));
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

Result<Listing<VolumeStatusView>> Volumes::describe_status(const domain::Caller& caller,
                                                           const std::vector<std::string>& ids,
                                                           const Filters& filters,
                                                           const PageRequest& page) {
    const auto scope = scope_of(caller);
    const auto view = [&](store::Transaction& tx, std::vector<domain::Volume> rows) {
        std::vector<VolumeStatusView> views;
        for (auto& volume : view_volumes(tx, context_, std::move(rows)))
            views.push_back(status_of(tx, std::move(volume)));
        return views;
    };
    if (!ids.empty())
        return list_named(context_,
                          caller,
                          status_listing,
                          kinds::volume,
                          ids,
                          filters,
                          page,
                          [&](store::Transaction& tx, const std::string& id) {
                              return view_one(tx, own(store::volumes::find(tx, id), scope), view);
                          });
    return list_matching(context_,
                         caller,
                         status_listing,
                         filters,
                         page,
                         [&](store::Transaction& tx, const store::Page& rows) {
                             return view(tx, store::volumes::list(tx, scope, rows));
                         });
}

} // namespace pileus::cloud
