// SPDX-License-Identifier: Apache-2.0
#pragma once

// One line a fact: log_info("instance started", {{"instance", id}, {"took_ms", "80"}}). Any thread.
// The sink is chosen once, in main(). Values that may be secret never get here; control characters
// are escaped.

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace pileus {

struct LogField {
    std::string_view key;
    std::string value;
};

void log_debug(std::string_view message, std::initializer_list<LogField> fields = {});
void log_info(std::string_view message, std::initializer_list<LogField> fields = {});
void log_warning(std::string_view message, std::initializer_list<LogField> fields = {});
void log_error(std::string_view message, std::initializer_list<LogField> fields = {});

// level: "debug", "info", "warning", "error" or "off". path: a file to append to; "" is stderr.
void configure_log(std::string_view level, const std::string& path);

} // namespace pileus
