// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "cloud/instances.h"
#include "model/ec2/structures/instance_metadata_options_request.h"
#include "model/ec2/structures/run_instances_request.h"

namespace pileus::api::ec2 {

// RunInstances as the cloud understands it. What Pileus cannot do yet is refused here, by name, and
// never ignored; what a client sends as an explicit default ("HibernationOptions.Configured=false")
// is taken.
Result<cloud::LaunchRequest> launch_request(model::RunInstancesRequest in);

Result<cloud::MetadataOptionsChange>
metadata_options_change(std::optional<std::string_view> http_tokens,
                        std::optional<int32_t> hop_limit,
                        std::optional<std::string_view> http_endpoint,
                        std::optional<std::string_view> ipv6,
                        std::optional<std::string_view> tags);
Result<domain::ShutdownBehavior> shutdown_behavior(std::string_view text);
// Base64, as the wire has user data.
Result<std::string> user_data_bytes(std::string_view encoded);

} // namespace pileus::api::ec2
