// SPDX-License-Identifier: Apache-2.0
#include "engine/disks.h"

#include "base/log.h"
#include "store/snapshots.h"
#include "store/volumes.h"
#include "store/work.h"

#include <algorithm>
#include <map>

namespace pileus::engine {

using domain::Snapshot;
using domain::SnapshotState;
using domain::Volume;
using drivers::LayerSwitch;
using drivers::MachineState;

std::set<std::string> Disks::lock_keys(const std::vector<Volume>& volumes) {
    std::set<std::string> keys;
    for (const auto& volume : volumes) {
        keys.insert(volume.id);
        if (!volume.instance_id.empty())
            keys.insert(volume.instance_id);
    }
    return keys;
}

std::set<std::string> Disks::lock_keys_of_volumes(const std::vector<Volume>& volumes) {
    std::set<std::string> keys;
    for (const auto& volume : volumes)
        keys.insert(volume.id);
    return keys;
}

Result<void> Disks::make(const Volume& volume) {
    return volumes_.create(volume.id,
                           {.size_gib = volume.size_gib,
                            .snapshot_id = volume.snapshot_id,
                            .encrypted = volume.encrypted});
}

Result<bool> Disks::is_plugged(const Volume& volume) {
    if (volume.instance_id.empty() ||
        hypervisor_.observe(volume.instance_id).state == MachineState::absent)
        return false;
    PILEUS_ASSIGN(const auto plugged, hypervisor_.plugged_disks(volume.instance_id));
    return std::find(plugged.begin(), plugged.end(), volume.id) != plugged.end();
}

Result<void> Disks::settle(const Volume& volume) {
    const auto begun = volumes_.pending_switch(volume.id);
    if (!begun)
        return {};
    PILEUS_ASSIGN(const bool plugged, is_plugged(volume));
    bool switched = true; // nobody writes to it: what is there is the snapshot
    if (plugged) {
        PILEUS_ASSIGN(switched,
                      hypervisor_.writes_to(volume.instance_id, volume.id, begun->next.path));
    }
    log_info(switched ? "completing a snapshot that was begun"
                      : "undoing a snapshot that was begun",
             {{"snapshot", begun->snapshot_id}, {"volume", volume.id}});
    return switched ? volumes_.complete_snapshot(volume.id, begun->snapshot_id)
                    : volumes_.cancel_snapshot(volume.id, begun->snapshot_id);
}

Result<drivers::DiskChain> Disks::open(const Volume& volume) {
    PILEUS_TRY(settle(volume));
    return volumes_.open(volume.id);
}

// ---- snapshots ----------------------------------------------------------------------------------

Result<void> Disks::take(const std::vector<Snapshot>& snapshots) {
    PILEUS_ASSIGN(const auto shots, shots_of(snapshots));
    PILEUS_TRY(shoot(shots, [&](const auto& switches) { return switch_guests(shots, switches); }));
    return note_taken(snapshots);
}

Result<void> Disks::shoot(const std::vector<Shot>& shots, const Switch& switch_them) {
    PILEUS_ASSIGN(const auto switches, begin(shots));
    if (auto done = switch_them(switches); !done) {
        settle_all(shots);
        return done;
    }
    for (const auto& shot : shots)
        PILEUS_TRY(volumes_.complete_snapshot(shot.volume.id, shot.snapshot_id));
    return {};
}

// What is still to be taken, once what a crash left is settled.
Result<std::vector<Disks::Shot>> Disks::shots_of(const std::vector<Snapshot>& snapshots) {
    std::vector<Shot> shots;
    for (const auto& snapshot : snapshots) {
        if (snapshot.taken_at)
            continue;
        auto volume = store_.read(
            [&](store::Transaction& tx) { return store::volumes::find(tx, snapshot.volume_id); });
        if (!volume)
            return fail(errors::not_found, "the volume " + snapshot.volume_id + " is gone");
        PILEUS_TRY(settle(*volume));
        if (!volumes_.has_snapshot(snapshot.id))
            shots.push_back({snapshot.id, std::move(*volume)});
    }
    return shots;
}

Result<std::vector<LayerSwitch>> Disks::begin(const std::vector<Shot>& shots) {
    std::vector<LayerSwitch> switches;
    for (const auto& shot : shots) {
        auto begun = volumes_.begin_snapshot(shot.volume.id, shot.snapshot_id);
        if (!begun) {
            settle_all(shots);
            return fail(begun.error());
        }
        switches.push_back(std::move(*begun));
    }
    return switches;
}

Result<void> Disks::switch_guests(const std::vector<Shot>& shots,
                                  const std::vector<LayerSwitch>& switches) {
    std::map<std::string, std::vector<LayerSwitch>> of_guest;
    for (size_t i = 0; i < shots.size(); ++i) {
        PILEUS_ASSIGN(const bool plugged, is_plugged(shots[i].volume));
        if (plugged)
            of_guest[shots[i].volume.instance_id].push_back(switches[i]);
    }
    for (const auto& [instance_id, of_it] : of_guest) {
        const auto begun = clock_.monotonic();
        PILEUS_TRY(hypervisor_.switch_layers(instance_id, of_it));
        log_debug("layers switched",
                  {{"instance", instance_id},
                   {"volumes", std::to_string(of_it.size())},
                   {"took_us",
                    std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(
                                       clock_.monotonic() - begun)
                                       .count())}});
    }
    return {};
}

// After a failure. A volume that no guest has open is undone too: its snapshot is to be of the same
// moment as the others. What fails here is settled by whoever comes next.
void Disks::settle_all(const std::vector<Shot>& shots) {
    for (const auto& shot : shots) {
        const auto plugged = is_plugged(shot.volume);
        const auto settled = !plugged   ? Result<void>(fail(plugged.error()))
                             : *plugged ? settle(shot.volume)
                             : volumes_.pending_switch(shot.volume.id)
                                 ? volumes_.cancel_snapshot(shot.volume.id, shot.snapshot_id)
                                 : Result<void>();
        if (!settled)
            log_warning("a snapshot that failed is left begun",
                        {{"snapshot", shot.snapshot_id}, {"error", settled.error().message}});
    }
}

Result<void> Disks::note_taken(const std::vector<Snapshot>& snapshots) {
    return store_.write([&](store::Transaction& tx) -> Result<void> {
        for (const auto& snapshot : snapshots) {
            auto row = store::snapshots::find(tx, snapshot.id);
            if (!row || row->taken_at)
                continue;
            row->taken_at = clock_.now();
            store::snapshots::update(tx, *row);
            store::work::enqueue(tx, "snapshot", row->id, host_id_, clock_.now());
        }
        return {};
    });
}

Result<void> Disks::take_all_of(const std::vector<Volume>& volumes) {
    std::map<std::string, std::vector<Snapshot>> sets; // one alone is a set of its own
    for (const auto& volume : volumes) {
        const auto rows = store_.read([&](store::Transaction& tx) {
            return store::snapshots::list_of_volume(tx, volume.id);
        });
        for (const auto& row : rows)
            if (row.state == SnapshotState::pending && !row.taken_at &&
                row.source_snapshot_id.empty())
                sets[row.set_id.empty() ? row.id : row.set_id].push_back(row);
    }
    for (const auto& [id, set] : sets)
        PILEUS_TRY(take(set));
    return {};
}

} // namespace pileus::engine
