// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include "base/text.h"

#include <fmt/core.h>
#include <memory>
#include <mutex>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace pileus {

namespace {

using spdlog::level::level_enum;

void install(spdlog::sink_ptr sink, level_enum level) {
    auto logger = std::make_shared<spdlog::logger>("pileus", std::move(sink));
    logger->set_pattern("time=%Y-%m-%dT%H:%M:%S.%eZ level=%l %v", spdlog::pattern_time_type::utc);
    logger->set_level(level);
    logger->flush_on(spdlog::level::trace); // a line that a crash swallowed explains nothing
    spdlog::set_default_logger(std::move(logger));
}

// The library's own default writes to stdout, which belongs to the answer of a command.
void default_to_stderr() {
    static std::once_flag once;
    std::call_once(once, [] {
        install(std::make_shared<spdlog::sinks::stderr_sink_mt>(), spdlog::level::info);
    });
}

level_enum level_named(std::string_view name) {
    if (name == "debug")
        return spdlog::level::debug;
    if (name == "warning")
        return spdlog::level::warn;
    if (name == "error")
        return spdlog::level::err;
    if (name == "off")
        return spdlog::level::off;
    return spdlog::level::info;
}

// Everything that could end the line, forge a field, or steer a terminal becomes an escape.
void append_escaped(std::string& out, std::string_view text) {
    const bool utf8 = is_valid_utf8(text);
    for (size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        const bool c1_control =
            byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
        if (byte == '"' || byte == '\\')
            out.append({'\\', text[i]});
        else if (byte == '\n')
            out += "\\n";
        else if (byte == '\r')
            out += "\\r";
        else if (byte == '\t')
            out += "\\t";
        else if (c1_control)
            out += fmt::format("\\u{:04x}", static_cast<unsigned char>(text[++i]));
        else if (byte < 0x20 || byte == 0x7F || (byte >= 0x80 && !utf8))
            out += fmt::format("\\x{:02x}", byte);
        else
            out.push_back(text[i]);
    }
}

bool needs_quotes(std::string_view text) {
    if (text.empty())
        return true;
    for (const char c : text)
        if (c <= ' ' || c == '"' || c == '\\' || c == '=' || c == 0x7F)
            return true; // signed char: everything outside ASCII is below ' ' and is quoted too
    return false;
}

void append_field(std::string& line, std::string_view key, std::string_view value) {
    line += key;
    line.push_back('=');
    if (!needs_quotes(value)) {
        line += value;
        return;
    }
    line.push_back('"');
    append_escaped(line, value);
    line.push_back('"');
}

void write(level_enum level, std::string_view message, std::initializer_list<LogField> fields) {
    default_to_stderr();
    const auto logger = spdlog::default_logger();
    if (!logger->should_log(level))
        return;
    std::string line = "msg=\"";
    append_escaped(line, message);
    line.push_back('"');
    for (const auto& field : fields) {
        line.push_back(' ');
        append_field(line, field.key, field.value);
    }
    logger->log(level, spdlog::string_view_t(line));
}

} // namespace

void log_debug(std::string_view message, std::initializer_list<LogField> fields) {
    write(spdlog::level::debug, message, fields);
}
void log_info(std::string_view message, std::initializer_list<LogField> fields) {
    write(spdlog::level::info, message, fields);
}
void log_warning(std::string_view message, std::initializer_list<LogField> fields) {
    write(spdlog::level::warn, message, fields);
}
void log_error(std::string_view message, std::initializer_list<LogField> fields) {
    write(spdlog::level::err, message, fields);
}

void configure_log(std::string_view level, const std::string& path) {
    default_to_stderr(); // so that a later first line does not undo what is chosen here
    if (path.empty())
        install(std::make_shared<spdlog::sinks::stderr_sink_mt>(), level_named(level));
    else
        install(std::make_shared<spdlog::sinks::basic_file_sink_mt>(path), level_named(level));
}

} // namespace pileus
