// SPDX-License-Identifier: Apache-2.0
#pragma once

// Volumes as users see them: rows and work. The engine makes, plugs, pulls, grows and removes them
// (src/engine/volumes). Owned by Cloud; any thread; everything is in the store.
//
// volumes.cpp            CreateVolume, DeleteVolume, attributes
// volumes_attach.cpp     AttachVolume, DetachVolume
// volumes_modify.cpp     ModifyVolume, DescribeVolumesModifications
// volumes_describe.cpp   DescribeVolumes, DescribeVolumeStatus

#include "cloud/client_token.h"
#include "cloud/context.h"
#include "cloud/encryption.h"
#include "cloud/filters.h"
#include "cloud/paging.h"
#include "cloud/tags.h"
#include "cloud/volume_rules.h"
#include "domain/tag.h"
#include "domain/volume.h"

#include <optional>
#include <string>
#include <vector>

namespace pileus::cloud {

struct VolumeView {
    domain::Volume volume;
    std::string zone_id;
    domain::Tags tags;
};

// https://docs.aws.amazon.com/ebs/latest/userguide/monitoring-volume-status.html
struct VolumeStatusView {
    domain::Volume volume;
    std::string zone_id;
    domain::Tags tags;
    std::string status; // "ok", "impaired", "insufficient-data"
    // Why its guest cannot go on writing, and since when; "" when it can.
    std::string stalled;
    std::optional<Time> stalled_since;
};

struct VolumeCreation {
    std::string zone;    // one of both
    std::string zone_id; // "use1-az1"
    std::string snapshot_id;
    std::optional<int64_t> size_gib;
    std::optional<std::string> type;
    std::optional<int64_t> iops;
    std::optional<int64_t> throughput_mib_s;
    EncryptionRequest encryption;
    std::vector<TagSpecification> tag_specifications;
    ClientToken client_token;
};

struct VolumeDetachment {
    std::string volume_id;
    std::string instance_id; // "" for whichever it is attached to
    std::string device;      // "" for whichever
    bool force = false;      // the guest is not waited for
};

class Volumes {
  public:
    explicit Volumes(const Context& context) : context_(context) {}

    Result<VolumeView> create(const domain::Caller& caller, const VolumeCreation& request);
    Result<void> erase(const domain::Caller& caller, const std::string& id);

    // The volume with its attachment as it is now: "attaching", "detaching".
    Result<domain::Volume> attach(const domain::Caller& caller,
                                  const std::string& volume_id,
                                  const std::string& instance_id,
                                  const std::string& device);
    Result<domain::Volume> detach(const domain::Caller& caller, const VolumeDetachment& request);

    Result<domain::VolumeModification>
    modify(const domain::Caller& caller, const std::string& id, const VolumeChange& change);
    Result<Listing<domain::VolumeModification>>
    describe_modifications(const domain::Caller& caller,
                           const std::vector<std::string>& ids,
                           const Filters& filters,
                           const PageRequest& page);

    Result<Listing<VolumeView>> describe(const domain::Caller& caller,
                                         const std::vector<std::string>& ids,
                                         const Filters& filters,
                                         const PageRequest& page);
    Result<Listing<VolumeStatusView>> describe_status(const domain::Caller& caller,
                                                      const std::vector<std::string>& ids,
                                                      const Filters& filters,
                                                      const PageRequest& page);

    Result<domain::Volume> describe_one(const domain::Caller& caller, const std::string& id);
    Result<void>
    set_auto_enable_io(const domain::Caller& caller, const std::string& id, bool enabled);

  private:
    const Context& context_;
};

} // namespace pileus::cloud
