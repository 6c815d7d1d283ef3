// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cloud/context.h"
#include "cloud/filters.h"
#include "cloud/paging.h"
#include "domain/instance_type.h"

#include <string>
#include <vector>

namespace pileus::cloud {

struct InstanceTypeOffering {
    std::string type;
    std::string location_type; // "region", "availability-zone", "availability-zone-id"
    std::string location;
};

// The hardware that instances can have, from the catalogue. Every type is offered in every zone;
// whether the machine has room for one shows when it is launched.
class InstanceTypes {
  public:
    explicit InstanceTypes(const Context& context) : context_(context) {}

    Result<Listing<domain::InstanceType>> describe(const domain::Caller& caller,
                                                   const std::vector<std::string>& names,
                                                   const Filters& filters,
                                                   const PageRequest& page);
    // `location_type` "" is "region".
    Result<Listing<InstanceTypeOffering>> describe_offerings(const domain::Caller& caller,
                                                             const std::string& location_type,
                                                             const Filters& filters,
                                                             const PageRequest& page);

  private:
    const Context& context_;
};

// What follows from the hardware, for filters and answers alike.
namespace instance_type_facts {
bool is_nitro(const domain::InstanceType& type);
bool supports_ipv6(const domain::InstanceType& type);
bool supports_hibernation(const domain::InstanceType& type);
int maximum_ebs_attachments(const domain::InstanceType& type);
std::string_view ebs_optimized_support(const domain::InstanceType& type);
double mbps_to_megabytes(int mbps);
std::vector<int> valid_cores(const domain::InstanceType& type);
std::vector<int> valid_threads_per_core(const domain::InstanceType& type);
std::vector<std::string_view> boot_modes(const domain::InstanceType& type);
} // namespace instance_type_facts

} // namespace pileus::cloud
