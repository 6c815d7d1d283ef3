// SPDX-License-Identifier: Apache-2.0
#include "cli/terminal.h"

#include "base/text.h"
#include "cli/environment.h"

#include <algorithm>
#include <cmath>
#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace pileus::cli {

namespace {

constexpr int narrowest_columns = 40;
constexpr int widest_columns = 120; // a bar across a whole screen is not easier to read

bool utf8_locale(const Environment& environment) {
    for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
        const auto value = environment.get(name);
        if (value && !value->empty()) {
            const auto lower = to_lower(*value);
            return lower.find("utf-8") != std::string::npos ||
                   lower.find("utf8") != std::string::npos;
        }
    }
    return false;
}

std::string paint(bool colour, const char* code, std::string_view text) {
    return colour ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
}

bool starts_character(char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
}

// Colour takes no column.
size_t skip_escape(std::string_view text, size_t at) {
    const size_t end = text.find('m', at);
    return end == std::string_view::npos ? text.size() : end + 1;
}

} // namespace

Terminal Terminal::detect(const Environment& environment) {
    Terminal terminal;
    const bool dumb = environment.get("TERM").value_or("") == "dumb";
    terminal.interactive = ::isatty(STDERR_FILENO) == 1 && !dumb;
    terminal.colour = ::isatty(STDOUT_FILENO) == 1 && !dumb && !environment.get("NO_COLOR");
    terminal.unicode = utf8_locale(environment);
    winsize size{};
    if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        terminal.columns = std::clamp<int>(size.ws_col, narrowest_columns, widest_columns);
    return terminal;
}

std::string Terminal::bold(std::string_view text) const {
    return paint(colour, "1", text);
}
std::string Terminal::green(std::string_view text) const {
    return paint(colour, "32", text);
}
std::string Terminal::yellow(std::string_view text) const {
    return paint(colour, "33", text);
}
std::string Terminal::red(std::string_view text) const {
    return paint(colour, "31", text);
}

size_t display_width(std::string_view text) {
    size_t width = 0;
    for (size_t at = 0; at < text.size();) {
        if (text[at] == '\x1b') {
            at = skip_escape(text, at);
            continue;
        }
        width += starts_character(text[at]) ? 1 : 0;
        ++at;
    }
    return width;
}

std::string cut_to_width(std::string_view text, size_t columns) {
    size_t width = 0;
    for (size_t at = 0; at < text.size(); ++at) {
        if (starts_character(text[at]) && ++width > columns)
            return std::string(text.substr(0, at));
    }
    return std::string(text);
}

std::string render_table(const std::vector<std::vector<std::string>>& rows,
                         const std::vector<bool>& right) {
    std::vector<size_t> widths;
    for (const auto& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], display_width(row[i]));
    }
    std::string out;
    for (const auto& row : rows) {
        std::string line;
        for (size_t i = 0; i < row.size(); ++i) {
            const std::string padding(widths[i] - display_width(row[i]), ' ');
            const bool align_right = i < right.size() && right[i];
            line += (i == 0 ? "" : "  ") + (align_right ? padding + row[i] : row[i] + padding);
        }
        line.erase(line.find_last_not_of(' ') + 1);
        out += line + "\n";
    }
    return out;
}

std::string format_elapsed(double seconds) {
    const auto total = static_cast<long>(std::max(seconds, 0.0));
    if (total >= 3600)
        return fmt::format("{}:{:02}:{:02}", total / 3600, total / 60 % 60, total % 60);
    return fmt::format("{}:{:02}", total / 60, total % 60);
}

std::string format_bytes(double bytes) {
    constexpr const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    size_t unit = 0;
    while (bytes >= 1024 && unit + 1 < std::size(units)) {
        bytes /= 1024;
        ++unit;
    }
    return bytes >= 100 || unit == 0 ? fmt::format("{:.0f} {}", bytes, units[unit])
                                     : fmt::format("{:.1f} {}", bytes, units[unit]);
}

} // namespace pileus::cli
