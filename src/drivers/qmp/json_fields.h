// SPDX-License-Identifier: Apache-2.0
#pragma once

// A field of a JSON object, or its type's empty value when there is none of that type: for reading
// what may have been written by somebody else. Pure.

#include <boost/json/value.hpp>
#include <cstdint>
#include <string>
#include <string_view>

namespace pileus::drivers {

std::string text_at(const boost::json::value& object, std::string_view key);
int64_t number_at(const boost::json::value& object, std::string_view key);
bool flag_at(const boost::json::value& object, std::string_view key);

} // namespace pileus::drivers
