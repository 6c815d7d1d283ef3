// SPDX-License-Identifier: Apache-2.0
#pragma once

// What Cost Explorer groups and filters by, and its filter expressions. What it is read from is
// looked up before the question is asked. Any thread.

#include "base/result.h"
#include "meter/report.h"

#include <boost/json/object.hpp>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace pileus::api::ce {

inline constexpr const char* invalid = "ValidationException";

using TagValues = std::map<std::string, std::string, std::less<>>; // by resource
using TagReader = std::function<TagValues(const std::string& key)>;

// Something that a line is asked by.
struct Aspect {
    bool needs_resource = false;
    std::function<std::string(const meter::Facts&)> value;
};
// "SERVICE", "USAGE_TYPE" …
Result<Aspect> dimension(std::string_view name);
Aspect tag_aspect(const std::string& key, const TagReader& tags);

struct Filter {
    bool needs_resource = false;
    std::function<bool(const meter::Facts&)> accepts = [](const meter::Facts&) { return true; };
};
// An Expression of Cost Explorer: And, Or, Not, Dimensions, Tags.
Result<Filter> read_filter(const boost::json::object& expression, const TagReader& tags);

} // namespace pileus::api::ce
