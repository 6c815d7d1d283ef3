// SPDX-License-Identifier: Apache-2.0
#include "engine/forks.h"

#include "base/log.h"
#include "engine/guest_identity.h"
#include "store/forks.h"
#include "store/instances.h"
#include "store/volumes.h"
#include "store/work.h"

#include <algorithm>

namespace pileus::engine {

using domain::Fork;
using domain::ForkDisk;
using domain::ForkState;
using domain::Instance;
using domain::Volume;

namespace {

constexpr Duration look_again_soon = std::chrono::milliseconds{500};

std::vector<ForkDisk> disks_of(store::Store& store, const std::string& fork_id) {
    return store.read(
        [&](store::Transaction& tx) { return store::forks::list_disks(tx, fork_id); });
}

} // namespace

// ---- what a start needs -------------------------------------------------------------------------

Result<Fork> Forks::find(const std::string& fork_id) {
    auto fork =
        store_.read([&](store::Transaction& tx) { return store::forks::find(tx, fork_id); });
    if (!fork)
        return fail(errors::not_found, "the copy that it was to start from is gone");
    return std::move(*fork);
}

Result<bool> Forks::is_ready(const Instance& instance) {
    PILEUS_ASSIGN(const auto fork, find(instance.fork_id));
    if (fork.state == ForkState::failed)
        return fail(errors::unavailable,
                    "the instance " + fork.source_instance_id +
                        " could not be copied: " + fork.message);
    return fork.state == ForkState::copied;
}

Result<std::string> Forks::snapshot_of(const Volume& volume) {
    const auto instance = store_.read(
        [&](store::Transaction& tx) { return store::instances::find(tx, volume.instance_id); });
    if (!instance)
        return fail(errors::not_found, "the instance of " + volume.id + " is gone");
    for (const auto& disk : disks_of(store_, instance->fork_id))
        if (disk.device == volume.device)
            return disk.snapshot_id;
    return fail(errors::not_found, "nothing was copied for " + volume.device);
}

Result<void> Forks::start(const Instance& instance, const drivers::MachineSpec& spec) {
    PILEUS_ASSIGN(const auto fork, find(instance.fork_id));
    PILEUS_ASSIGN(const auto identity, store_.read([&](store::Transaction& tx) {
        return make_guest_identity(tx, instance, random_, mtu_);
    }));
    return hypervisor_.start_from(fork.template_id, spec, identity);
}

// ---- the copy -----------------------------------------------------------------------------------

Result<Outcome> ForkController::reconcile(const domain::WorkItem& item) {
    const auto fork = store_.read(
        [&](store::Transaction& tx) { return store::forks::find(tx, item.resource_id); });
    if (!fork)
        return Outcome::done();
    return fork->state == ForkState::copying ? copy(*fork, item) : finish(*fork);
}

ForkController::Source ForkController::look(const Fork& fork, const std::vector<ForkDisk>& disks) {
    return store_.read([&](store::Transaction& tx) {
        Source source{store::instances::find(tx, fork.source_instance_id), {}};
        for (const auto& disk : disks)
            if (auto volume = store::volumes::find(tx, disk.volume_id);
                volume && volume->instance_id == fork.source_instance_id)
                source.volumes.push_back(std::move(*volume));
        return source;
    });
}

Result<Outcome> ForkController::copy(const Fork& fork, const domain::WorkItem& item) {
    const auto disks = disks_of(store_, fork.id);
    std::set<std::string> keys{fork.source_instance_id};
    for (const auto& disk : disks)
        keys.insert(disk.volume_id);
    const auto held = locks_.hold_all(keys);
    const auto source = look(fork, disks);
    const bool is_there = source.instance &&
                          source.instance->state == domain::InstanceState::running &&
                          source.volumes.size() == disks.size();
    if (!is_there) {
        PILEUS_TRY(note(fork, ForkState::failed, "it does not run any more with these volumes"));
        return Outcome::done();
    }
    if (const auto copied = copy_now(fork, disks, source); !copied) {
        if (item.attempts + 1 < options_.attempts)
            return fail(copied.error());
        PILEUS_TRY(note(fork, ForkState::failed, copied.error().message));
        return Outcome::done();
    }
    PILEUS_TRY(note(fork, ForkState::copied, ""));
    return Outcome::done();
}

// What a crash left of an earlier attempt is not mixed with this one: all is of one moment.
Result<void> ForkController::copy_now(const Fork& fork,
                                      const std::vector<ForkDisk>& disks,
                                      const Source& source) {
    for (const auto& volume : source.volumes)
        PILEUS_TRY(disks_.settle(volume));
    PILEUS_ASSIGN(const bool copied, is_copied(fork, disks));
    if (copied)
        return {};
    PILEUS_TRY(discard(fork, disks));
    std::vector<Disks::Shot> shots;
    for (size_t i = 0; i < disks.size(); ++i)
        shots.push_back({disks[i].snapshot_id, source.volumes[i]});
    const auto begun = clock_.monotonic();
    PILEUS_TRY(disks_.shoot(shots, [&](const auto& switches) -> Result<void> {
        PILEUS_TRY(hypervisor_.copy_running(fork.source_instance_id, fork.template_id, switches));
        return {};
    }));
    log_info("instance copied",
             {{"instance", fork.source_instance_id},
              {"fork", fork.id},
              {"took_ms",
               std::to_string(
                   std::chrono::duration_cast<std::chrono::milliseconds>(clock_.monotonic() - begun)
                       .count())}});
    return {};
}

Result<bool> ForkController::is_copied(const Fork& fork, const std::vector<ForkDisk>& disks) {
    const bool has_disks = std::all_of(disks.begin(), disks.end(), [&](const auto& disk) {
        return volumes_.has_snapshot(disk.snapshot_id);
    });
    if (!has_disks)
        return false;
    PILEUS_ASSIGN(const auto kept, hypervisor_.templates());
    return std::any_of(kept.begin(), kept.end(), [&](const auto& guest) {
        return guest.template_id == fork.template_id;
    });
}

Result<void> ForkController::discard(const Fork& fork, const std::vector<ForkDisk>& disks) {
    PILEUS_TRY(hypervisor_.remove_template(fork.template_id));
    for (const auto& disk : disks)
        PILEUS_TRY(volumes_.remove_snapshot(disk.snapshot_id));
    return {};
}

Result<void> ForkController::note(const Fork& fork, ForkState state, const std::string& why) {
    if (state == ForkState::failed)
        log_warning("an instance could not be copied",
                    {{"instance", fork.source_instance_id}, {"fork", fork.id}, {"error", why}});
    return store_.write([&](store::Transaction& tx) -> Result<void> {
        auto row = fork;
        row.state = state;
        row.message = why;
        store::forks::update(tx, row);
        for (const auto& instance : store::instances::list_of_fork(tx, fork.id))
            store::work::enqueue(tx, "instance", instance.id, options_.host_id, clock_.now());
        store::work::enqueue(tx, "fork", fork.id, options_.host_id, clock_.now());
        return {};
    });
}

// ---- and its end --------------------------------------------------------------------------------

Result<Outcome> ForkController::finish(const Fork& fork) {
    const auto instances = store_.read(
        [&](store::Transaction& tx) { return store::instances::list_of_fork(tx, fork.id); });
    if (std::any_of(instances.begin(), instances.end(), Forks::starts_from_copy))
        return Outcome::again(clock_.now() + look_again_soon);
    // One that was terminated meanwhile may still be on its way up.
    std::set<std::string> keys;
    for (const auto& instance : instances)
        keys.insert(instance.id);
    const auto disks = disks_of(store_, fork.id);
    for (const auto& disk : disks)
        keys.insert(disk.volume_id);
    const auto held = locks_.hold_all(keys);
    PILEUS_TRY(discard(fork, disks));
    PILEUS_TRY(store_.write([&](store::Transaction& tx) -> Result<void> {
        store::forks::erase(tx, fork.id);
        store::work::enqueue(tx, "layers", "layers", options_.host_id, clock_.now());
        return {};
    }));
    return Outcome::done();
}

} // namespace pileus::engine
