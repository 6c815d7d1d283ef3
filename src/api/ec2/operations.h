// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api/registry.h"

namespace pileus::api::ec2 {

void register_account(Registry& registry);        // account.cpp: regions, zones, account attributes
void register_images(Registry& registry);         // images.cpp
void register_instance_types(Registry& registry); // instance_types.cpp
void register_instance_attributes(Registry& registry); // instance_attributes.cpp
void register_instances(Registry& registry);           // instances.cpp
void register_key_pairs(Registry& registry);           // key_pairs.cpp
void register_security_groups(Registry& registry);     // security_groups.cpp
void register_tags(Registry& registry);                // tags.cpp
void register_vpcs(Registry& registry);                // vpcs.cpp: VPCs and subnets

// Every operation that this build implements.
void register_all(Registry& registry);

} // namespace pileus::api::ec2
