// SPDX-License-Identifier: Apache-2.0
#include "engine/warm_templates.h"

#include "base/log.h"
#include "domain/ids.h"
#include "engine/layers.h"
#include "engine/machine_spec.h"
#include "engine/warm_keeping.h"
#include "store/images.h"
#include "store/warm_templates.h"
#include "store/work.h"

#include <algorithm>
#include <fmt/core.h>

namespace pileus::engine {

using domain::WarmTemplate;
using domain::WarmTemplateState;
using drivers::MachineState;

namespace {

int64_t milliseconds(Duration duration) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

} // namespace

Result<Outcome> WarmTemplateController::reconcile(const domain::WorkItem& item) {
    const auto held = locks_.hold(item.resource_id);
    const auto row = store_.read(
        [&](store::Transaction& tx) { return store::warm_templates::find(tx, item.resource_id); });
    if (!row)
        return Outcome::done();
    auto outcome = step(*row);
    if (outcome || !row->is_being_made())
        return outcome;
    PILEUS_TRY(give_up_attempt(*row, outcome.error()));
    return Outcome::again(clock_.now());
}

Result<Outcome> WarmTemplateController::step(const WarmTemplate& row) {
    switch (row.state) {
    case WarmTemplateState::wanted:
        return wait_for_room(row);
    case WarmTemplateState::starting:
        return start(row);
    case WarmTemplateState::booting:
        return watch_boot(row);
    case WarmTemplateState::freezing:
        return freeze(row);
    case WarmTemplateState::stale:
        return make_again(row);
    case WarmTemplateState::removing:
        return remove(row);
    case WarmTemplateState::ready:
    case WarmTemplateState::failed:
        return Outcome::done();
    }
    return Outcome::done();
}

// ---- making -------------------------------------------------------------------------------------

Result<Outcome> WarmTemplateController::wait_for_room(WarmTemplate row) {
    const auto image =
        store_.read([&](store::Transaction& tx) { return store::images::find(tx, row.image_id); });
    const auto* type = catalog_.find(row.instance_type);
    if (!image || !type || image->state != "available") {
        PILEUS_TRY(enter(row, WarmTemplateState::removing));
        return Outcome::again(clock_.now());
    }
    if (is_another_being_made(row.id) || !has_room(row, type->memory_mib << 20))
        return Outcome::again(clock_.now() + options_.room_interval);
    row.image_snapshot_id = image->snapshot_id;
    row.fingerprint = hypervisor_.template_fingerprint();
    row.volume_id = domain::new_id(random_, domain::prefix::volume);
    row.snapshot_id = domain::new_id(random_, domain::prefix::snapshot);
    PILEUS_TRY(enter(row, WarmTemplateState::starting));
    return Outcome::again(clock_.now());
}

bool WarmTemplateController::has_room(const WarmTemplate& row, int64_t memory_bytes) const {
    if (!options_.room)
        return true;
    const auto room = options_.room();
    if (room.free_memory_bytes < memory_bytes + options_.memory_reserve_bytes)
        return false;
    return room.idle_cpus >= options_.idle_cpus_min ||
           clock_.now() >= row.state_since + options_.room_patience;
}

bool WarmTemplateController::is_another_being_made(const std::string& id) {
    const auto rows = store_.read([&](store::Transaction& tx) {
        return store::warm_templates::list_of_host(tx, options_.host_id);
    });
    return std::any_of(rows.begin(), rows.end(), [&](const WarmTemplate& row) {
        return row.id != id && row.is_being_made();
    });
}

// What an attempt before left of its volume has been written to by its guest.
Result<Outcome> WarmTemplateController::start(WarmTemplate row) {
    PILEUS_TRY(hypervisor_.destroy(row.id));
    PILEUS_TRY(volumes_.remove(row.volume_id));
    const auto image =
        store_.read([&](store::Transaction& tx) { return store::images::find(tx, row.image_id); });
    if (!image)
        return fail(errors::not_found, "the image " + row.image_id + " is gone");
    PILEUS_TRY(volumes_.create(
        row.volume_id, {.size_gib = image->size_gib, .snapshot_id = row.image_snapshot_id}));
    PILEUS_ASSIGN(const auto spec, machine_spec(row));
    PILEUS_TRY(hypervisor_.start(spec));
    PILEUS_TRY(enter(row, WarmTemplateState::booting));
    return Outcome::again(clock_.now() + options_.look_interval);
}

Result<drivers::MachineSpec> WarmTemplateController::machine_spec(const WarmTemplate& row) {
    const auto* type = catalog_.find(row.instance_type);
    if (!type)
        return fail(errors::invalid, "there is no instance type " + row.instance_type);
    const auto image =
        store_.read([&](store::Transaction& tx) { return store::images::find(tx, row.image_id); });
    auto spec = make_bare_machine_spec(row.id, *type, image);
    domain::Volume volume;
    volume.id = row.volume_id;
    PILEUS_ASSIGN(auto chain, volumes_.open(row.volume_id));
    spec.disks.push_back(make_machine_disk(volume, std::move(chain), /*boot=*/true));
    spec.awaits_identity = true;
    return spec;
}

Result<Outcome> WarmTemplateController::watch_boot(WarmTemplate row) {
    const auto observed = hypervisor_.observe(row.id);
    if (observed.state != MachineState::running)
        return fail(errors::unavailable,
                    "its guest went down before it was ready: " + observed.detail);
    PILEUS_ASSIGN(const bool is_ready, hypervisor_.is_ready_to_freeze(row.id));
    const auto now = clock_.now();
    if (!is_ready) {
        if (now >= row.state_since + options_.boot_longest)
            return fail(errors::timeout,
                        fmt::format("the agent in its guest did not say that it is ready in {} s",
                                    milliseconds(options_.boot_longest) / 1000));
        return Outcome::again(now + options_.look_interval);
    }
    row.boot_milliseconds = milliseconds(now - row.state_since);
    PILEUS_TRY(enter(row, WarmTemplateState::freezing));
    return Outcome::again(now);
}

Result<Outcome> WarmTemplateController::freeze(WarmTemplate row) {
    PILEUS_ASSIGN(const auto frozen, frozen_guest(row));
    PILEUS_TRY(keep_disk(row));
    row.memory_bytes = frozen.memory_bytes;
    row.disk_bytes = frozen.disk_bytes;
    if (const auto snapshot = volumes_.observe_snapshot(row.snapshot_id))
        row.disk_bytes += snapshot->exclusive_bytes;
    row.volume_id.clear();
    row.ready_at = clock_.now();
    row.attempts = 0;
    row.message.clear();
    uses_.note_at_hand(row.id);
    PILEUS_TRY(enter(row, WarmTemplateState::ready));
    log_info("a warm template is ready",
             {{"template", row.id},
              {"image", row.image_id},
              {"type", row.instance_type},
              {"boot_ms", std::to_string(row.boot_milliseconds)},
              {"memory_bytes", std::to_string(row.memory_bytes)},
              {"disk_bytes", std::to_string(row.disk_bytes)}});
    return Outcome::done();
}

// Frozen now, or by a daemon that did not come to note it.
Result<drivers::FrozenGuest> WarmTemplateController::frozen_guest(const WarmTemplate& row) {
    PILEUS_ASSIGN(const auto kept, hypervisor_.templates());
    for (const auto& each : kept)
        if (each.template_id == row.id)
            return each;
    return hypervisor_.freeze(row.id, row.id);
}

// The guest is gone: its disk is what it was at that moment.
Result<void> WarmTemplateController::keep_disk(const WarmTemplate& row) {
    if (!volumes_.has_snapshot(row.snapshot_id)) {
        PILEUS_TRY(volumes_.begin_snapshot(row.volume_id, row.snapshot_id));
        PILEUS_TRY(volumes_.complete_snapshot(row.volume_id, row.snapshot_id));
    }
    PILEUS_TRY(volumes_.remove(row.volume_id));
    return hypervisor_.forget(row.id);
}

Result<void> WarmTemplateController::give_up_attempt(WarmTemplate row, const Error& error) {
    log_warning("a warm template could not be made",
                {{"template", row.id}, {"image", row.image_id}, {"error", error.message}});
    PILEUS_TRY(discard(row));
    row.message = error.message;
    row.attempts += 1;
    row.volume_id.clear();
    row.snapshot_id.clear();
    return enter(row,
                 row.attempts < options_.attempts_max ? WarmTemplateState::wanted
                                                      : WarmTemplateState::failed);
}

// ---- taking away --------------------------------------------------------------------------------

Result<Outcome> WarmTemplateController::make_again(WarmTemplate row) {
    if (uses_.is_used(row.id))
        return Outcome::again(clock_.now() + options_.look_interval);
    PILEUS_TRY(discard(row));
    row.volume_id.clear();
    row.snapshot_id.clear();
    row.memory_bytes = 0;
    row.disk_bytes = 0;
    row.ready_at.reset();
    row.attempts = 0;
    PILEUS_TRY(enter(row, WarmTemplateState::wanted));
    return Outcome::again(clock_.now());
}

Result<Outcome> WarmTemplateController::remove(const WarmTemplate& row) {
    if (uses_.is_used(row.id))
        return Outcome::again(clock_.now() + options_.look_interval);
    PILEUS_TRY(discard(row));
    PILEUS_TRY(store_.write([&](store::Transaction& tx) -> Result<void> {
        store::warm_templates::erase(tx, row.id);
        return {};
    }));
    log_info("a warm template was removed",
             {{"template", row.id}, {"image", row.image_id}, {"why", row.message}});
    return Outcome::done();
}

Result<void> WarmTemplateController::discard(const WarmTemplate& row) {
    PILEUS_TRY(hypervisor_.destroy(row.id));
    PILEUS_TRY(hypervisor_.forget(row.id));
    PILEUS_TRY(hypervisor_.remove_template(row.id));
    uses_.note_cool(row.id);
    if (!row.volume_id.empty())
        PILEUS_TRY(volumes_.remove(row.volume_id));
    if (!row.snapshot_id.empty())
        PILEUS_TRY(volumes_.remove_snapshot(row.snapshot_id));
    // Instances that were started from it stand on its layer, which need not stay apart.
    return store_.write([&](store::Transaction& tx) -> Result<void> {
        store::work::enqueue(tx,
                             std::string(LayerController::work_kind),
                             LayerController::work_id,
                             options_.host_id,
                             clock_.now());
        return {};
    });
}

// ---- rows ---------------------------------------------------------------------------------------

Result<void> WarmTemplateController::enter(WarmTemplate& row, WarmTemplateState state) {
    row.state = state;
    row.state_since = clock_.now();
    return save(row);
}

// Launches count in the row meanwhile: what is theirs stays. One that is to be taken away since is
// left so.
Result<void> WarmTemplateController::save(const WarmTemplate& row) {
    return store_.write([&](store::Transaction& tx) -> Result<void> {
        const auto now = store::warm_templates::find(tx, row.id);
        if (!now)
            return {};
        auto next = row;
        next.hits = now->hits;
        next.fallbacks = now->fallbacks;
        next.saved_milliseconds = now->saved_milliseconds;
        next.last_wanted_at = now->last_wanted_at;
        if (now->state == WarmTemplateState::removing)
            next.state = now->state;
        store::warm_templates::update(tx, next);
        store::work::enqueue(tx, std::string(work_kind), row.id, options_.host_id, clock_.now());
        if (next.state == WarmTemplateState::ready)
            WarmTemplateKeeper::enqueue(tx, options_.host_id, clock_.now());
        return {};
    });
}

} // namespace pileus::engine
