// SPDX-License-Identifier: Apache-2.0
//
// VPC endpoints and flow logs: an installation has none, and none can be made. Clients ask for them
// beside VPCs (Terraform when it destroys one), so the questions are answered.

#include "api/ec2/convert.h"
#include "api/ec2/operations.h"
#include "cloud/context.h"
#include "model/ec2/create_flow_logs.h"
#include "model/ec2/create_vpc_endpoint.h"
#include "model/ec2/describe_flow_logs.h"
#include "model/ec2/describe_vpc_endpoint_services.h"
#include "model/ec2/describe_vpc_endpoints.h"

#include <fmt/format.h>

namespace pileus::api::ec2 {

namespace {

Result<void> describe_vpc_endpoints(Call& call,
                                    model::DescribeVpcEndpointsRequest in,
                                    model::DescribeVpcEndpointsResult out) {
    if (const auto ids = texts(in.vpc_endpoint_ids()); !ids.empty())
        return fail(domain::codes::vpc_endpoint_not_found,
                    fmt::format("The Vpc Endpoint Id '{}' does not exist", fmt::join(ids, ", ")));
    PILEUS_TRY(cloud::end_if_dry_run(call.caller));
    out.touch_vpc_endpoints();
    return {};
}

Result<void> describe_flow_logs(Call& call,
                                model::DescribeFlowLogsRequest in,
                                model::DescribeFlowLogsResult out) {
    if (const auto ids = texts(in.flow_log_ids()); !ids.empty())
        return fail(domain::codes::flow_log_not_found,
                    fmt::format("The flow log '{}' does not exist", fmt::join(ids, ", ")));
    PILEUS_TRY(cloud::end_if_dry_run(call.caller));
    out.touch_flow_logs();
    return {};
}

} // namespace

void register_vpc_endpoints(Registry& registry) {
    namespace operations = model::operations;
    registry.add<operations::DescribeVpcEndpoints>(describe_vpc_endpoints);
    registry.add<operations::DescribeFlowLogs>(describe_flow_logs);
    const char* const no_services =
        "it offers no other AWS service (such as S3) that an endpoint could lead to. Guests "
        "reach services by an internet gateway or a NAT gateway.";
    registry.refuse<operations::CreateVpcEndpoint>(no_services);
    registry.refuse<operations::DescribeVpcEndpointServices>(no_services);
    registry.refuse<operations::CreateFlowLogs>(
        "it offers no CloudWatch Logs or S3 to deliver them to. `pileus explain packet` says what "
        "becomes of a packet and why.");
}

} // namespace pileus::api::ec2
