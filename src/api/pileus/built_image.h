// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "cloud/images.h"

#include <filesystem>

namespace pileus::api::pileus_service {

// The manifest that images/build writes beside a disk.
Result<cloud::BuiltImage> read_built_image(const std::filesystem::path& manifest);

} // namespace pileus::api::pileus_service
