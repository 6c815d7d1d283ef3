// SPDX-License-Identifier: Apache-2.0
//
// DescribeRegions, DescribeAvailabilityZones, DescribeAccountAttributes: wire ↔ cloud.

#include "api/ec2/convert.h"
#include "api/ec2/operations.h"
#include "cloud/cloud.h"
#include "model/ec2/describe_account_attributes.h"
#include "model/ec2/describe_availability_zones.h"
#include "model/ec2/describe_regions.h"

namespace pileus::api::ec2 {

namespace {

Result<void>
describe_regions(Call& call, model::DescribeRegionsRequest in, model::DescribeRegionsResult out) {
    PILEUS_ASSIGN(
        const auto regions,
        call.cloud.account.describe_regions(call.caller, texts(in.region_names()), filters_of(in)));
    for (const auto& region : regions)
        out.add_regions()
            .set_region_name(region.name)
            .set_endpoint(region.endpoint)
            .set_opt_in_status(region.opt_in_status);
    return {};
}

Result<void> describe_availability_zones(Call& call,
                                         model::DescribeAvailabilityZonesRequest in,
                                         model::DescribeAvailabilityZonesResult out) {
    PILEUS_ASSIGN(const auto zones,
                  call.cloud.account.describe_zones(
                      call.caller, {texts(in.zone_names()), texts(in.zone_ids()), filters_of(in)}));
    for (const auto& view : zones) {
        auto zone = out.add_availability_zones();
        zone.set_zone_name(view.name)
            .set_zone_id(view.id)
            .set_region_name(view.region)
            .set_group_name(view.group_name)
            .set_network_border_group(view.region)
            .set_zone_type(view.type)
            .set_state(view.state)
            .set_opt_in_status(view.opt_in_status)
            .touch_messages();
    }
    return {};
}

Result<void> describe_account_attributes(Call& call,
                                         model::DescribeAccountAttributesRequest in,
                                         model::DescribeAccountAttributesResult out) {
    PILEUS_ASSIGN(const auto attributes,
                  call.cloud.account.describe_attributes(call.caller, texts(in.attribute_names())));
    for (const auto& attribute : attributes) {
        auto written = out.add_account_attributes();
        written.set_attribute_name(attribute.name);
        for (const auto& value : attribute.values)
            written.add_attribute_values().set_attribute_value(value);
    }
    return {};
}

} // namespace

void register_account(Registry& registry) {
    registry.add<model::operations::DescribeRegions>(describe_regions);
    registry.add<model::operations::DescribeAvailabilityZones>(describe_availability_zones);
    registry.add<model::operations::DescribeAccountAttributes>(describe_account_attributes);
}

} // namespace pileus::api::ec2
