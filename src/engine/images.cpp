// SPDX-License-Identifier: Apache-2.0
#include "engine/images.h"

#include "store/images.h"
#include "store/instances.h"
#include "store/snapshots.h"
#include "store/work.h"

#include <set>

namespace pileus::engine {

using domain::Image;
using domain::SnapshotState;

namespace {

std::set<std::string> snapshots_of(const Image& image) {
    std::set<std::string> ids;
    if (!image.snapshot_id.empty())
        ids.insert(image.snapshot_id);
    for (const auto& device : image.devices)
        if (!device.snapshot_id.empty())
            ids.insert(device.snapshot_id);
    return ids;
}

} // namespace

bool waits_for_reboot(store::Transaction& tx, const Image& image) {
    if (image.state != "pending" || image.source_instance_id.empty())
        return false;
    const auto instance = store::instances::find(tx, image.source_instance_id);
    return instance && instance->state == domain::InstanceState::running &&
           instance->reboots_requested > instance->reboots_done;
}

void enqueue_images_of(store::Transaction& tx,
                       const std::string& snapshot_id,
                       const std::string& host_id,
                       Time at) {
    for (const auto& image : store::images::list_using_snapshot(tx, snapshot_id))
        if (image.state == "pending")
            store::work::enqueue(tx, "image", image.id, host_id, at);
}

Result<Outcome> ImageController::reconcile(const domain::WorkItem& item) {
    PILEUS_TRY(store_.write([&](store::Transaction& tx) -> Result<void> {
        auto image = store::images::find(tx, item.resource_id);
        if (!image || image->state != "pending")
            return {};
        bool is_complete = true;
        for (const auto& id : snapshots_of(*image)) {
            const auto snapshot = store::snapshots::find(tx, id);
            if (!snapshot || snapshot->state == SnapshotState::error ||
                snapshot->state == SnapshotState::deleting) {
                image->state = "failed";
                image->state_reason =
                    "Client.InternalError: " + id + ": " +
                    (snapshot && !snapshot->state_message.empty() ? snapshot->state_message
                                                                  : "the snapshot is gone");
                store::images::update(tx, *image);
                return {};
            }
            if (snapshot->state == SnapshotState::completed)
                continue;
            is_complete = false;
            store::work::enqueue(tx, "snapshot", id, host_id_, clock_.now());
        }
        if (is_complete) {
            image->state = "available";
            store::images::update(tx, *image);
        }
        return {};
    }));
    return Outcome::done(); // every snapshot that is completed has it looked at again
}

} // namespace pileus::engine
