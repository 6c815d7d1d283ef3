// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the files of Instances share: finding instances by id with EC2's errors, and putting
// together all that an answer says about them.

#include "cloud/instances.h"

namespace pileus::cloud {

// All of them, in the order of the request and without repetition, or InvalidInstanceID.NotFound
// (or .Malformed) naming those that are missing.
Result<std::vector<domain::Instance>> find_instances(store::Transaction& tx,
                                                     const domain::Caller& caller,
                                                     const std::vector<std::string>& ids);

// Adds volumes, interfaces, group names and tags.
InstanceView make_view(store::Transaction& tx, const Context& context, domain::Instance instance);

// "User initiated (2026-11-23 09:00:00 GMT)", as StateTransitionReason has it.
std::string user_initiated(Time at);

// Room for `count` of this type on the hosts, or InsufficientInstanceCapacity. Returns a host id
// for each.
Result<std::vector<std::string>> place_instances(store::Transaction& tx,
                                                 const Context& context,
                                                 const domain::InstanceType& type,
                                                 int minimum_count,
                                                 int maximum_count);
// VcpuLimitExceeded when the account would run more vCPUs in the region than its quota.
Result<void> check_vcpu_quota(store::Transaction& tx,
                              const Context& context,
                              const domain::Caller& caller,
                              const domain::InstanceType& type,
                              int count);

// Sets what the change gives; InvalidParameterValue when a figure is out of range.
Result<void> apply(const MetadataOptionsChange& change, domain::MetadataOptions& options);
Result<void> check_user_data(const Context& context, const std::string& bytes);
Result<const domain::InstanceType*> find_type(const Context& context, const std::string& name);
// The groups, each in the VPC, at most as many as an interface may have.
Result<void> check_group_ids(store::Transaction& tx,
                             const Context& context,
                             const domain::Caller& caller,
                             const std::string& vpc_id,
                             const std::vector<std::string>& ids);

// Work for the engine of the instance's host.
void enqueue_work(store::Transaction& tx, const Context& context, const domain::Instance& instance);

} // namespace pileus::cloud
