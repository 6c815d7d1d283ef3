// SPDX-License-Identifier: Apache-2.0
//
// CreateSnapshot, CreateSnapshots, CopySnapshot, DeleteSnapshot.

#include "cloud/snapshots.h"

#include "cloud/listing.h"
#include "cloud/resource_kind.h"
#include "domain/ids.h"
#include "domain/volume.h"
#include "store/images.h"
#include "store/instances.h"
#include "store/snapshots.h"
#include "store/tags.h"
#include "store/volumes.h"
#include "store/work.h"

#include <algorithm>
#include <fmt/core.h>

namespace pileus::cloud {

namespace codes = domain::codes;
using domain::SnapshotState;
using domain::VolumeState;

namespace {

constexpr size_t description_chars_max = 255;
constexpr auto taken_wait_max = std::chrono::seconds{2};
constexpr auto taken_wait_step = std::chrono::milliseconds{2};

Result<void> check_description(const std::string& description) {
    if (description.size() > description_chars_max)
        return fail(codes::invalid_parameter_value,
                    fmt::format("Value for parameter description is invalid. Length exceeds "
                                "maximum of {}.",
                                description_chars_max));
    return {};
}

Result<domain::Volume>
find_volume(store::Transaction& tx, const domain::Caller& caller, const std::string& id) {
    auto volume = own(store::volumes::find(tx, id), scope_of(caller));
    if (!volume)
        return fail(missing_error(kinds::volume, id));
    if (volume->state != VolumeState::available && volume->state != VolumeState::in_use)
        return fail(codes::incorrect_state,
                    fmt::format("The volume '{}' is '{}': a snapshot can be taken when it is "
                                "'available' or 'in-use'.",
                                id,
                                to_string(volume->state)));
    return std::move(*volume);
}

Result<void>
check_room(store::Transaction& tx, const Context& context, const domain::Caller& caller, int more) {
    const int limit = context.settings.limits.snapshots;
    if (store::snapshots::count(tx, scope_of(caller)) + more > limit)
        return fail(codes::snapshot_limit_exceeded,
                    fmt::format("You have reached the maximum of {} snapshots in this region: "
                                "delete some.",
                                limit));
    return {};
}

// What the set is to be taken of: root first, then in order of id.
Result<std::vector<domain::Volume>> volumes_of_set(store::Transaction& tx,
                                                   const domain::Caller& caller,
                                                   const domain::Instance& instance,
                                                   const SnapshotSetCreation& request) {
    const auto attached = store::volumes::list_of_instance(tx, instance.id);
    for (const auto& id : request.excluded_volume_ids) {
        const auto* found = [&]() -> const domain::Volume* {
            for (const auto& volume : attached)
                if (volume.id == id)
                    return &volume;
            return nullptr;
        }();
        if (!found)
            return fail(
                codes::invalid_parameter_value,
                fmt::format("The volume '{}' is not attached to instance '{}'.", id, instance.id));
        if (found->device == instance.root_device_name)
            return fail(
                codes::invalid_parameter_combination,
                fmt::format("'{}' is the root volume: leave it out with ExcludeBootVolume.", id));
    }
    std::vector<domain::Volume> wanted;
    for (const auto& volume : attached) {
        const bool is_root = volume.device == instance.root_device_name;
        const auto& excluded = request.excluded_volume_ids;
        if ((is_root && request.exclude_boot_volume) ||
            std::find(excluded.begin(), excluded.end(), volume.id) != excluded.end())
            continue;
        PILEUS_ASSIGN(auto usable, find_volume(tx, caller, volume.id));
        wanted.insert(is_root ? wanted.begin() : wanted.end(), std::move(usable));
    }
    if (wanted.empty())
        return fail(codes::invalid_parameter_value,
                    fmt::format("No volume of the instance '{}' is left to take a snapshot of.",
                                instance.id));
    return wanted;
}

Result<domain::Instance>
find_instance(store::Transaction& tx, const domain::Caller& caller, const std::string& id) {
    auto instance = store::instances::find(tx, scope_of(caller), id);
    if (!instance)
        return fail(missing_error(kinds::instance, id));
    const auto state = instance->state;
    if (state == domain::InstanceState::terminated || state == domain::InstanceState::shutting_down)
        return fail(
            codes::incorrect_instance_state,
            fmt::format("The instance '{}' is '{}': it has no volumes to take snapshots of.",
                        id,
                        to_string(state)));
    return std::move(*instance);
}

void copy_tags(store::Transaction& tx, const std::string& from_id, const domain::Snapshot& to) {
    for (auto& tag : store::tags::list_of(tx, from_id))
        if (!tag.key.starts_with("aws:"))
            store::tags::put(tx,
                             {to.account_id,
                              to.region,
                              to.id,
                              std::string(kinds::snapshot.type),
                              std::move(tag)});
}

// As it is now: the engine may have gone on.
std::vector<SnapshotView> view_again(const Context& context, const std::vector<std::string>& ids) {
    return context.store.read([&](store::Transaction& tx) {
        std::vector<SnapshotView> views;
        for (const auto& id : ids)
            if (auto row = store::snapshots::find(tx, id))
                views.push_back({std::move(*row), "", store::tags::list_of(tx, id)});
        return views;
    });
}

} // namespace

domain::Snapshot make_snapshot_of(const Context& context,
                                  const domain::Caller& caller,
                                  const domain::Volume& volume,
                                  const std::string& description) {
    domain::Snapshot snapshot;
    snapshot.id = domain::new_id(context.random, domain::prefix::snapshot);
    snapshot.account_id = caller.account_id;
    snapshot.region = caller.region;
    snapshot.host_id = volume.host_id;
    snapshot.volume_id = volume.id;
    snapshot.size_gib = volume.size_gib;
    snapshot.description = description;
    snapshot.state = SnapshotState::pending;
    snapshot.progress_percent = 0;
    snapshot.encrypted = volume.encrypted;
    snapshot.kms_key_id = volume.kms_key_id;
    snapshot.started_at = context.clock.now();
    return snapshot;
}

domain::Snapshot make_copy_of(const Context& context,
                              const domain::Caller& caller,
                              const domain::Snapshot& source,
                              const std::string& description,
                              const Encryption& encryption) {
    domain::Snapshot copy;
    copy.id = domain::new_id(context.random, domain::prefix::snapshot);
    copy.account_id = caller.account_id;
    copy.region = caller.region;
    copy.host_id = source.host_id;
    copy.volume_id = no_volume_id;
    copy.size_gib = source.size_gib;
    copy.description = description;
    copy.state = SnapshotState::pending;
    copy.progress_percent = 0;
    copy.encrypted = encryption.encrypted;
    copy.kms_key_id = encryption.kms_key_id;
    copy.source_snapshot_id = source.id;
    copy.started_at = context.clock.now();
    return copy;
}

void enqueue_snapshot(store::Transaction& tx,
                      const Context& context,
                      const domain::Snapshot& snapshot) {
    store::work::enqueue(tx, "snapshot", snapshot.id, snapshot.host_id, context.clock.now());
}

void wait_until_taken(const Context& context, const std::vector<std::string>& snapshot_ids) {
    const auto is_settled = [&](store::Transaction& tx) {
        return std::all_of(snapshot_ids.begin(), snapshot_ids.end(), [&](const auto& id) {
            const auto snapshot = store::snapshots::find(tx, id);
            return !snapshot || snapshot->taken_at || snapshot->state != SnapshotState::pending;
        });
    };
    const auto deadline = context.clock.monotonic() + taken_wait_max;
    while (!context.store.read(is_settled) && context.clock.monotonic() < deadline)
        context.clock.sleep(taken_wait_step);
}

Result<SnapshotView> Snapshots::create(const domain::Caller& caller,
                                       const SnapshotCreation& request) {
    PILEUS_TRY(check_description(request.description));
    PILEUS_TRY(
        check_tag_specifications(context_, request.tag_specifications, {kinds::snapshot.type}));
    PILEUS_ASSIGN(
        const auto id, context_.store.write([&](store::Transaction& tx) -> Result<std::string> {
            PILEUS_ASSIGN(const auto volume, find_volume(tx, caller, request.volume_id));
            PILEUS_TRY(check_room(tx, context_, caller, 1));
            PILEUS_TRY(end_if_dry_run(caller));
            const auto snapshot = make_snapshot_of(context_, caller, volume, request.description);
            store::snapshots::insert(tx, snapshot);
            write_tags(tx, caller, request.tag_specifications, kinds::snapshot.type, snapshot.id);
            enqueue_snapshot(tx, context_, snapshot);
            return snapshot.id;
        }));
    wait_until_taken(context_, {id});
    auto views = view_again(context_, {id});
    if (views.empty())
        return fail(missing_error(kinds::snapshot, id));
    return std::move(views.front());
}

Result<std::vector<SnapshotView>> Snapshots::create_set(const domain::Caller& caller,
                                                        const SnapshotSetCreation& request) {
    PILEUS_TRY(check_description(request.description));
    PILEUS_TRY(
        check_tag_specifications(context_, request.tag_specifications, {kinds::snapshot.type}));
    PILEUS_ASSIGN(
        const auto ids,
        context_.store.write([&](store::Transaction& tx) -> Result<std::vector<std::string>> {
            PILEUS_ASSIGN(const auto instance, find_instance(tx, caller, request.instance_id));
            PILEUS_ASSIGN(const auto volumes, volumes_of_set(tx, caller, instance, request));
            PILEUS_TRY(check_room(tx, context_, caller, static_cast<int>(volumes.size())));
            PILEUS_TRY(end_if_dry_run(caller));
            const auto set_id = domain::new_id(context_.random, "set-");
            std::vector<std::string> made;
            for (const auto& volume : volumes) {
                auto snapshot = make_snapshot_of(context_, caller, volume, request.description);
                snapshot.set_id = set_id;
                store::snapshots::insert(tx, snapshot);
                if (request.copy_tags_from_volumes)
                    copy_tags(tx, volume.id, snapshot);
                write_tags(
                    tx, caller, request.tag_specifications, kinds::snapshot.type, snapshot.id);
                enqueue_snapshot(tx, context_, snapshot);
                made.push_back(snapshot.id);
            }
            return made;
        }));
    wait_until_taken(context_, ids);
    return view_again(context_, ids);
}

Result<SnapshotView> Snapshots::copy(const domain::Caller& caller, const SnapshotCopy& request) {
    PILEUS_TRY(check_description(request.description));
    PILEUS_TRY(
        check_tag_specifications(context_, request.tag_specifications, {kinds::snapshot.type}));
    if (!find_region(context_.settings, request.source_region))
        return fail(codes::invalid_parameter_value,
                    fmt::format("This installation has no region '{}' to copy from.",
                                request.source_region));
    return context_.store.write([&](store::Transaction& tx) -> Result<SnapshotView> {
        const store::Scope source_scope{caller.account_id, request.source_region};
        const auto source = find_visible_snapshot(tx, source_scope, request.source_snapshot_id);
        if (!source)
            return fail(missing_error(kinds::snapshot, request.source_snapshot_id));
        if (source->state != SnapshotState::completed)
            return fail(codes::incorrect_state,
                        fmt::format("The snapshot '{}' is '{}', not 'completed'.",
                                    source->id,
                                    to_string(source->state)));
        PILEUS_ASSIGN(
            const auto encryption,
            choose_encryption(tx, scope_of(caller), request.encryption, source->encrypted));
        PILEUS_TRY(check_room(tx, context_, caller, 1));
        PILEUS_TRY(end_if_dry_run(caller));
        auto snapshot = make_copy_of(context_, caller, *source, request.description, encryption);
        store::snapshots::insert(tx, snapshot);
        write_tags(tx, caller, request.tag_specifications, kinds::snapshot.type, snapshot.id);
        enqueue_snapshot(tx, context_, snapshot);
        auto tags = tags_for(request.tag_specifications, kinds::snapshot.type);
        return SnapshotView{std::move(snapshot), "", std::move(tags)};
    });
}

Result<void> check_no_image_uses(store::Transaction& tx, const domain::Snapshot& snapshot) {
    for (const auto& image : store::images::list_using_snapshot(tx, snapshot.id))
        return fail(
            codes::snapshot_in_use,
            fmt::format("The snapshot {} is currently in use by {}", snapshot.id, image.id));
    return {};
}

void begin_deletion(store::Transaction& tx, const Context& context, domain::Snapshot snapshot) {
    for (const auto& grantee : store::snapshots::list_grantees(tx, snapshot.id))
        store::snapshots::withdraw(tx, {snapshot.id, grantee});
    store::tags::erase_all(tx, snapshot.id);
    snapshot.state = SnapshotState::deleting;
    store::snapshots::update(tx, snapshot);
    enqueue_snapshot(tx, context, snapshot);
}

Result<void> Snapshots::erase(const domain::Caller& caller, const std::string& id) {
    return context_.store.write([&](store::Transaction& tx) -> Result<void> {
        PILEUS_ASSIGN(auto snapshot, find_own_snapshot(tx, scope_of(caller), id));
        PILEUS_TRY(check_no_image_uses(tx, snapshot));
        if (snapshot.state == SnapshotState::pending && !snapshot.source_path.empty())
            return fail(codes::incorrect_state,
                        fmt::format("The snapshot '{}' is being imported: cancel its task with "
                                    "CancelImportTask.",
                                    id));
        PILEUS_TRY(end_if_dry_run(caller));
        begin_deletion(tx, context_, std::move(snapshot));
        return {};
    });
}

} // namespace pileus::cloud
