// SPDX-License-Identifier: Apache-2.0
#include "drivers/qmp/json_fields.h"

#include <boost/json.hpp>

namespace pileus::drivers {

namespace {

const boost::json::value* find(const boost::json::value& object, std::string_view key) {
    const auto* fields = object.if_object();
    return fields ? fields->if_contains(key) : nullptr;
}

} // namespace

std::string text_at(const boost::json::value& object, std::string_view key) {
    const auto* value = find(object, key);
    return value && value->is_string() ? std::string(value->as_string()) : std::string();
}

int64_t number_at(const boost::json::value& object, std::string_view key) {
    const auto* value = find(object, key);
    return value && value->is_int64() ? value->as_int64() : 0;
}

bool flag_at(const boost::json::value& object, std::string_view key) {
    const auto* value = find(object, key);
    return value && value->is_bool() && value->as_bool();
}

} // namespace pileus::drivers
