// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "domain/image.h"
#include "engine/controller.h"
#include "store/store.h"

#include <string>

namespace pileus::engine {

// Whether the image's snapshots are to be taken while its instance is down between two runs of its
// guest. CreateImage without NoReboot asks for a reboot as RebootInstances does; the instance's
// controller takes them in the middle of it (instances.h).
bool waits_for_reboot(store::Transaction& tx, const domain::Image& image);

// Whoever completed or failed a snapshot has the images looked at that wait for it.
void enqueue_images_of(store::Transaction& tx,
                       const std::string& snapshot_id,
                       const std::string& host_id,
                       Time at);

// An image that is pending (CreateImage, CopyImage) is available when all its snapshots are
// completed, and failed when one of them is. Any thread of the engine, one at a time for a given
// image.
class ImageController final : public Controller {
  public:
    ImageController(store::Store& store, const Clock& clock, std::string host_id)
        : store_(store), clock_(clock), host_id_(std::move(host_id)) {}
    std::string_view kind() const override { return "image"; }
    Result<Outcome> reconcile(const domain::WorkItem& item) override;

  private:
    store::Store& store_;
    const Clock& clock_;
    const std::string host_id_;
};

} // namespace pileus::engine
