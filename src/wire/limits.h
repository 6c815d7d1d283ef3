// SPDX-License-Identifier: Apache-2.0
#pragma once

// The limits of what a client may send, in one place. Past any of them the request is refused
// before anything is done.

#include <cstddef>

namespace pileus::wire::limits {

// Query string and body together. User data (16 KiB, sent as base64 and percent-encoded) is the
// largest thing a request holds.
inline constexpr size_t form_bytes_max = 1024 * 1024;
inline constexpr size_t parameters_max = 10'000;
inline constexpr size_t parameter_name_bytes_max = 512;
// Structures and lists inside each other: "Filter.1.Value.2" is 4 deep. The model's own deepest
// path stays below.
inline constexpr size_t path_segments_max = 24;
inline constexpr int list_index_max = 10'000;
// How much of a client's text an error message repeats.
inline constexpr size_t quoted_value_bytes_max = 128;
// Error messages name the accepted values when there are at most this many.
inline constexpr size_t named_enum_values_max = 24;

} // namespace pileus::wire::limits
