// SPDX-License-Identifier: Apache-2.0
#include "cli/files/places.h"

#include "base/text.h"
#include "cli/files/limits.h"

#include <algorithm>
#include <fmt/core.h>

namespace pileus::cli::files {

namespace {

constexpr std::string_view instance_prefix = "i-";

bool is_hex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

bool is_instance_id(std::string_view word) {
    return word.size() > instance_prefix.size() && word.starts_with(instance_prefix) &&
           std::all_of(word.begin() + instance_prefix.size(), word.end(), is_hex);
}

std::string home_path(std::string_view path) {
    if (path == "~")
        return ".";
    if (path.starts_with("~/")) {
        path.remove_prefix(2);
        while (path.starts_with('/'))
            path.remove_prefix(1);
    }
    return path.empty() ? "." : std::string(path);
}

std::string_view without_slashes(std::string_view path) {
    while (path.size() > 1 && path.ends_with('/'))
        path.remove_suffix(1);
    return path;
}

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

} // namespace

Place parse_place(std::string_view word) {
    const auto colon = word.find(':');
    if (colon != std::string_view::npos && is_instance_id(word.substr(0, colon)))
        return {std::string(word.substr(0, colon)), home_path(word.substr(colon + 1))};
    return {"", word.empty() ? "." : std::string(word)};
}

std::string join(std::string_view folder, std::string_view name) {
    if (name.empty())
        return std::string(folder);
    if (folder.empty() || folder == ".")
        return std::string(name);
    return std::string(folder) + (folder.ends_with('/') ? "" : "/") + std::string(name);
}

std::string base_name(std::string_view path) {
    path = without_slashes(path);
    const auto name = path.substr(path.rfind('/') + 1); // npos + 1 is 0
    return name == "." || name == ".." ? "" : std::string(name);
}

std::string folder_of(std::string_view path) {
    path = without_slashes(path);
    const auto slash = path.rfind('/');
    if (slash == std::string_view::npos)
        return ".";
    return slash == 0 ? "/" : std::string(path.substr(0, slash));
}

bool ends_with_slash(std::string_view path) {
    return path.ends_with('/');
}

bool is_entry_name(std::string_view name) {
    return !name.empty() && name.size() <= name_bytes_max && name != "." && name != ".." &&
           name.find('/') == std::string_view::npos && name.find('\0') == std::string_view::npos;
}

std::string printable(std::string_view name) {
    const bool is_text = is_valid_utf8(name);
    std::string shown;
    for (char c : name) {
        if (is_control(c) || (!is_text && static_cast<unsigned char>(c) >= 0x80))
            shown += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        else
            shown += c;
    }
    return shown;
}

} // namespace pileus::cli::files
