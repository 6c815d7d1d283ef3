// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which instances may hibernate, and what may not be done to one whose memory is kept. Pure
// functions.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/hibernating-prerequisites.html

#include "cloud/block_devices.h"
#include "domain/instance.h"
#include "domain/instance_type.h"

namespace pileus::cloud {

// UnsupportedHibernationConfiguration when a launch with HibernationOptions.Configured cannot be.
Result<void> check_can_hibernate(const domain::InstanceType& type, const PlannedVolume& root);
// The same when the launch did not ask for it.
Result<void> check_is_configured(const domain::Instance& instance);
// The memory that is kept, or being saved, is of the guest as it was: with its disks, interfaces
// and type.
Result<void> check_does_not_hibernate(const domain::Instance& instance);

} // namespace pileus::cloud
