// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a person writes for a source or a destination, and paths made of it. Pure.

#include <string>
#include <string_view>

namespace pileus::cli::files {

struct Place {
    std::string instance_id; // "" is this machine
    std::string path;        // never empty: "." is the folder that one stands in, or the home

    friend bool operator==(const Place&, const Place&) = default;
};

// "i-0123abcd:/var/log", "i-0123abcd:" and "i-0123abcd:~/x" (the home of who logs in); all else is
// a path here. A file here that looks like an instance is written "./i-0123abcd:x".
Place parse_place(std::string_view word);

std::string join(std::string_view folder, std::string_view name);
// "" for a path that ends in nothing of its own: "/", ".", "..", "a/..".
std::string base_name(std::string_view path);
std::string folder_of(std::string_view path);
bool ends_with_slash(std::string_view path);

// A name that a listing may hold: not empty, not "." or "..", no slash, no NUL, not too long.
bool is_entry_name(std::string_view name);

// A name on a terminal: bytes that move the cursor, and those that are no UTF-8, are shown as \x1b.
std::string printable(std::string_view name);

} // namespace pileus::cli::files
