// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the files of Volumes and of launches share: finding volumes with EC2's errors, views,
// quotas, and work for the engine. Functions of the transaction.

#include "cloud/context.h"
#include "cloud/volumes.h"
#include "domain/instance.h"
#include "domain/volume.h"

#include <string>
#include <vector>

namespace pileus::cloud {

// One of the caller's own, or InvalidVolume.NotFound.
Result<domain::Volume>
find_own_volume(store::Transaction& tx, const domain::Caller& caller, const std::string& id);

// With zone and tags.
std::vector<VolumeView>
view_volumes(store::Transaction& tx, const Context& context, std::vector<domain::Volume> rows);
VolumeView view_volume(store::Transaction& tx, const Context& context, domain::Volume row);

bool is_root_volume(const domain::Instance& instance, const domain::Volume& volume);
// The root first, then by device.
void sort_by_device(std::vector<domain::Volume>& volumes, const std::string& root_device_name);

// What an account is about to have more of one type.
struct StorageDemand {
    std::string type;
    int64_t size_gib = 0;
    int64_t iops = 0;
};
// `storage_code` when the account would have more storage of a type in the region than its quota,
// MaxIOPSLimitExceeded when it would have more provisioned IOPS.
Result<void> check_storage_quota(store::Transaction& tx,
                                 const Context& context,
                                 const domain::Caller& caller,
                                 const std::vector<StorageDemand>& demands,
                                 const char* storage_code);

// How many volumes an instance with so many interfaces may have.
size_t volumes_max(const Context& context, size_t interfaces);

// Work for the engine of the volume's host.
void enqueue_volume(store::Transaction& tx, const Context& context, const domain::Volume& volume);

} // namespace pileus::cloud
