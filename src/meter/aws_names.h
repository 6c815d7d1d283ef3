// SPDX-License-Identifier: Apache-2.0
#pragma once

// How AWS's bills call what is charged. Pure functions.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/usage-reports.html

#include "meter/charge.h"

#include <string>
#include <string_view>

namespace pileus::meter {

// "Amazon Elastic Compute Cloud - Compute", "EC2 - Other", "Amazon Virtual Private Cloud"
std::string_view service_name(ChargeKind kind);
// "BoxUsage:t3.micro", "EUW1-EBS:VolumeUsage.gp3"
std::string usage_type(ChargeKind kind, std::string_view item, std::string_view region);
// "EC2: Running Hours"
std::string_view usage_type_group(ChargeKind kind);
// "RunInstances", "CreateVolume-Gp3"
std::string operation_name(ChargeKind kind, std::string_view item);
// "t3.micro"; "NoInstanceType" for what is no instance.
std::string instance_type(ChargeKind kind, std::string_view item);
// "On Demand Instances"; "" for what cannot be bought in another way.
std::string_view purchase_type(ChargeKind kind, std::string_view item);
// For people: "instance", "volume" …
std::string_view to_string(ChargeKind kind);

} // namespace pileus::meter
