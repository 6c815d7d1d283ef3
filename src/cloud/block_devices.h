// SPDX-License-Identifier: Apache-2.0
#pragma once

// The volumes that an instance is launched with: those of its image, changed by the request's block
// device mappings, and what these add. Functions of the transaction.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/block-device-mapping-concepts.html

#include "cloud/context.h"
#include "cloud/encryption.h"
#include "domain/image.h"

#include <optional>
#include <string>
#include <vector>

namespace pileus::cloud {

// One entry of BlockDeviceMapping.N.
struct BlockDeviceRequest {
    std::string device;
    bool no_device = false;   // the image's device of that name is left out
    std::string virtual_name; // "ephemeral0": no type here has instance storage, and EC2 ignores it
                              // for such types
    bool has_ebs = false;     // the members below were given
    std::string snapshot_id;
    std::optional<int64_t> size_gib;
    std::optional<std::string> type;
    std::optional<int64_t> iops;
    std::optional<int64_t> throughput_mib_s;
    std::optional<bool> delete_on_termination;
    EncryptionRequest encryption;
};

// A volume that a launch makes, with everything decided.
struct PlannedVolume {
    std::string device;
    std::string snapshot_id; // "" for an empty one
    int64_t size_gib = 0;
    std::string type;
    int64_t iops = 0;
    int64_t throughput_mib_s = 0;
    bool delete_on_termination = true;
    Encryption encryption;
};

// The root first.
Result<std::vector<PlannedVolume>> plan_volumes(store::Transaction& tx,
                                                const store::Scope& scope,
                                                const domain::Image& image,
                                                const std::vector<BlockDeviceRequest>& requested);

} // namespace pileus::cloud
