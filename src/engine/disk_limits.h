// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "domain/volume.h"
#include "drivers/hypervisor/hypervisor.h"

namespace pileus::engine {

// What the type of a volume, its size and what was asked for give its guest.
// https://docs.aws.amazon.com/ebs/latest/userguide/ebs-volume-types.html
drivers::DiskLimits disk_limits(const domain::Volume& volume);

} // namespace pileus::engine
