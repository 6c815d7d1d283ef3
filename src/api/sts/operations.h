// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api/registry.h"

namespace pileus::api::sts {

void register_identity(Registry& registry); // identity.cpp

} // namespace pileus::api::sts
