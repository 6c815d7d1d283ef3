// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a screen shows, and the two formats that it is read from and handed out in. Pure values and
// functions; any thread.

#include "base/result.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace pileus::drivers {

struct Picture {
    int width = 0;
    int height = 0;
    std::string pixels; // red, green, blue; from the top left, without gaps
};

inline constexpr int max_picture_side = 8192;
inline constexpr size_t max_picture_bytes = 64 * 1024 * 1024; // of pixels
// The longest text of a PPM file that parse_ppm() takes.
inline constexpr size_t max_ppm_bytes = max_picture_bytes + 32;

// A binary PPM file (P6) of 8 bits a colour, without comments: as QEMU writes it. It comes from a
// process that a guest may have taken over.
Result<Picture> parse_ppm(std::string_view text);
// Of a width and height that parse_ppm() would take.
Result<std::string> encode_jpeg(const Picture& picture);

} // namespace pileus::drivers
