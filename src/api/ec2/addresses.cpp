// SPDX-License-Identifier: Apache-2.0
//
// DescribeAddresses: wire ↔ cloud. Nobody can allocate an Elastic IP yet, so that there is none to
// show.

#include "api/ec2/convert.h"
#include "api/ec2/operations.h"
#include "cloud/cloud.h"
#include "model/ec2/describe_addresses.h"

namespace pileus::api::ec2 {

namespace {

Result<void>
describe_addresses(Call& call, model::DescribeAddressesRequest in, model::DescribeAddressesResult) {
    return call.cloud.addresses.describe(
        call.caller, texts(in.public_ips()), texts(in.allocation_ids()), filters_of(in));
}

} // namespace

void register_addresses(Registry& registry) {
    registry.add<model::operations::DescribeAddresses>(describe_addresses);
}

} // namespace pileus::api::ec2
