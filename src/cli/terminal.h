// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the program may print where: whether somebody looks on, how wide, in which characters. One
// Terminal, made in main(), used by one thread.

#include <string>
#include <string_view>
#include <vector>

namespace pileus::cli {

class Environment;

struct Terminal {
    bool interactive = false; // stderr is a terminal: progress may redraw its line
    bool colour = false;      // stdout is a terminal and the user did not set NO_COLOR
    bool unicode = false;     // the locale is UTF-8
    int columns = 80;

    static Terminal detect(const Environment& environment);

    std::string bold(std::string_view text) const;
    std::string green(std::string_view text) const;
    std::string yellow(std::string_view text) const;
    std::string red(std::string_view text) const;
};

// How many columns a UTF-8 text takes; our own text has neither wide nor combining characters.
size_t display_width(std::string_view text);
// Cuts to `columns`, at the border of a character.
std::string cut_to_width(std::string_view text, size_t columns);

// Columns as wide as their widest cell, two spaces between; `right` marks columns that align right.
std::string render_table(const std::vector<std::vector<std::string>>& rows,
                         const std::vector<bool>& right = {});

// "0:07", "12:40", "1:02:09"
std::string format_elapsed(double seconds);
// "1.5 GiB" from bytes
std::string format_bytes(double bytes);

} // namespace pileus::cli
