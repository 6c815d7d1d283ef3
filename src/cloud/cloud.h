// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cloud/account.h"
#include "cloud/addresses.h"
#include "cloud/images.h"
#include "cloud/instance_types.h"
#include "cloud/instances.h"
#include "cloud/key_pairs.h"
#include "cloud/network_interfaces.h"
#include "cloud/security_groups.h"
#include "cloud/tags.h"
#include "cloud/volumes.h"
#include "cloud/vpcs.h"

namespace pileus::cloud {

// Everything that the API can ask for, one member a resource. Owned by the daemon's root; the
// context outlives it.
struct Cloud {
    explicit Cloud(const Context& context)
        : account(context), addresses(context), images(context), instance_types(context),
          instances(context), key_pairs(context), network_interfaces(context),
          security_groups(context), tags(context), volumes(context), vpcs(context) {}

    Account account;
    Addresses addresses;
    Images images;
    InstanceTypes instance_types;
    Instances instances;
    KeyPairs key_pairs;
    NetworkInterfaces network_interfaces;
    SecurityGroups security_groups;
    Tags tags;
    Volumes volumes;
    Vpcs vpcs;
};

} // namespace pileus::cloud
