// SPDX-License-Identifier: Apache-2.0
#pragma once

// What makes a raw disk a VHD of fixed size. Pure.

#include <cstdint>
#include <string>

namespace pileus::drivers {

// The 512 bytes that follow a disk of `virtual_bytes`.
std::string make_vhd_footer(int64_t virtual_bytes);

} // namespace pileus::drivers
