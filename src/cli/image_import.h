// SPDX-License-Identifier: Apache-2.0
#pragma once

// What an import takes from the name of a file when nobody says more. Pure.

#include "base/result.h"

#include <string>
#include <string_view>

namespace pileus::cli {

// Who logs in: "ubuntu" for ubuntu-24.04-server-cloudimg-amd64.img; "" when the name tells nothing.
std::string user_for(std::string_view source);
// "debian-12-generic-amd64", of the characters that names of images have.
std::string image_name_for(std::string_view source);
// "qcow2", "raw", "vmdk", "ova": what was `named`, else what the name ends in, else, for a file
// that others know by its first bytes, what these say.
Result<std::string>
disk_format(std::string_view source, std::string_view start, const std::string& named);

} // namespace pileus::cli
