// SPDX-License-Identifier: Apache-2.0
#include "cli/known_hosts.h"

#include "base/text.h"

#include <algorithm>
#include <fmt/core.h>
#include <vector>

namespace pileus::cli {

namespace {

constexpr std::string_view begin_mark = "-----BEGIN SSH HOST KEY KEYS-----";
constexpr std::string_view end_mark = "-----END SSH HOST KEY KEYS-----";
constexpr size_t longest_key_bytes = 4096;

bool is_key_type(std::string_view word) {
    return word == "ssh-ed25519" || word == "ssh-rsa" || word.starts_with("ecdsa-sha2-");
}

// A console mixes lines of the kernel and colours into the text: only what is a key counts, from
// where its type stands ("[   12.3] cloud-init[42]: ssh-ed25519 AAAA… root@host").
std::string key_of(std::string_view line, std::string_view name) {
    const auto words = split(line, ' ');
    for (size_t i = 0; i + 1 < words.size(); ++i) {
        if (!is_key_type(words[i]))
            continue;
        const std::string_view key = words[i + 1];
        if (key.size() > longest_key_bytes || !base64_decode(key) || !key.starts_with("AAAA"))
            return "";
        return fmt::format("{} {} {}\n", name, words[i], key);
    }
    return "";
}

} // namespace

std::string known_hosts_from_console(std::string_view console, std::string_view name) {
    const size_t end = console.rfind(end_mark);
    if (end == std::string_view::npos)
        return "";
    const size_t begin = console.substr(0, end).rfind(begin_mark);
    if (begin == std::string_view::npos)
        return "";
    std::string hosts;
    for (std::string_view line : split(console.substr(begin, end - begin), '\n'))
        hosts += key_of(trim(line), name);
    return hosts;
}

} // namespace pileus::cli
