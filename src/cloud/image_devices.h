// SPDX-License-Identifier: Apache-2.0
#pragma once

// The block device mappings of an image that is being made: what the request says, checked and
// completed. Functions of the transaction.

#include "cloud/images.h"
#include "domain/volume.h"

#include <string>
#include <vector>

namespace pileus::cloud {

// CreateImage: the instance's volumes, each with the id of a snapshot still to be taken ("" for now
// in snapshot_id; `volume` says of what), changed by the request's mappings, and what these add.
struct DeviceOfInstance {
    domain::ImageDevice device;
    std::optional<domain::Volume> volume;
};
Result<std::vector<DeviceOfInstance>>
devices_of_instance(store::Transaction& tx,
                    const store::Scope& scope,
                    const std::string& root_device_name,
                    const std::vector<domain::Volume>& volumes,
                    const std::vector<BlockDeviceRequest>& requested);

// RegisterImage: from snapshots that the caller may use, the root among them.
Result<std::vector<domain::ImageDevice>>
registered_devices(store::Transaction& tx,
                   const store::Scope& scope,
                   const std::string& root_device_name,
                   const std::vector<BlockDeviceRequest>& requested);

} // namespace pileus::cloud
