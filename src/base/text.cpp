// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <array>
#include <charconv>
#include <cstdint>

namespace pileus {

namespace {

constexpr char base64_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr uint8_t not_a_digit = 255;

constexpr std::array<uint8_t, 256> make_base64_values() {
    std::array<uint8_t, 256> values{};
    values.fill(not_a_digit);
    for (uint8_t i = 0; i < 64; ++i)
        values[static_cast<uint8_t>(base64_alphabet[i])] = i;
    return values;
}

constexpr std::array<uint8_t, 256> make_hex_values() {
    std::array<uint8_t, 256> values{};
    values.fill(not_a_digit);
    for (uint8_t i = 0; i < 10; ++i)
        values[static_cast<uint8_t>('0' + i)] = i;
    for (uint8_t i = 0; i < 6; ++i) {
        values[static_cast<uint8_t>('a' + i)] = static_cast<uint8_t>(10 + i);
        values[static_cast<uint8_t>('A' + i)] = static_cast<uint8_t>(10 + i);
    }
    return values;
}

constexpr std::array<bool, 256> make_unreserved() {
    std::array<bool, 256> table{};
    for (const char c : std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                         "0123456789-_.~"))
        table[static_cast<uint8_t>(c)] = true;
    return table;
}

constexpr auto base64_values = make_base64_values();
constexpr auto hex_values = make_hex_values();
constexpr auto unreserved = make_unreserved();

uint8_t byte_at(std::string_view text, size_t i) {
    return static_cast<uint8_t>(text[i]);
}

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f';
}

bool is_continuation(char c) {
    return (static_cast<uint8_t>(c) & 0xC0) == 0x80;
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

} // namespace

std::string base64_encode(std::string_view bytes) {
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    size_t i = 0;
    for (; i + 3 <= bytes.size(); i += 3) {
        const uint32_t group = uint32_t{byte_at(bytes, i)} << 16 |
                               uint32_t{byte_at(bytes, i + 1)} << 8 | byte_at(bytes, i + 2);
        out.push_back(base64_alphabet[group >> 18]);
        out.push_back(base64_alphabet[group >> 12 & 63]);
        out.push_back(base64_alphabet[group >> 6 & 63]);
        out.push_back(base64_alphabet[group & 63]);
    }
    const size_t rest = bytes.size() - i;
    if (rest == 0)
        return out;
    const uint32_t group =
        uint32_t{byte_at(bytes, i)} << 16 | (rest == 2 ? uint32_t{byte_at(bytes, i + 1)} << 8 : 0);
    out.push_back(base64_alphabet[group >> 18]);
    out.push_back(base64_alphabet[group >> 12 & 63]);
    out.push_back(rest == 2 ? base64_alphabet[group >> 6 & 63] : '=');
    out.push_back('=');
    return out;
}

std::optional<std::string> base64_decode(std::string_view text) {
    std::string out;
    out.reserve(text.size() / 4 * 3 + 3);
    uint32_t bits = 0;
    size_t digits = 0;
    size_t padding = 0;
    for (const char c : text) {
        if (is_space(c))
            continue;
        if (c == '=') {
            ++padding;
            continue;
        }
        const uint8_t value = base64_values[static_cast<uint8_t>(c)];
        if (value == not_a_digit || padding > 0)
            return std::nullopt;
        bits = bits << 6 | value;
        if (++digits % 4 == 0) {
            out.push_back(static_cast<char>(bits >> 16));
            out.push_back(static_cast<char>(bits >> 8));
            out.push_back(static_cast<char>(bits));
        }
    }
    const size_t rest = digits % 4;
    if (rest == 1 || (padding > 0 && (rest == 0 || rest + padding != 4)))
        return std::nullopt;
    if (rest >= 2)
        out.push_back(static_cast<char>(rest == 2 ? bits >> 4 : bits >> 10));
    if (rest == 3)
        out.push_back(static_cast<char>(bits >> 2));
    return out;
}

std::string hex_encode(std::string_view bytes) {
    static constexpr char alphabet[] = "0123456789abcdef";
    std::string out;
    out.reserve(bytes.size() * 2);
    for (size_t i = 0; i < bytes.size(); ++i) {
        out.push_back(alphabet[byte_at(bytes, i) >> 4]);
        out.push_back(alphabet[byte_at(bytes, i) & 15]);
    }
    return out;
}

std::optional<std::string> hex_decode(std::string_view text) {
    if (text.size() % 2 != 0)
        return std::nullopt;
    std::string out;
    out.reserve(text.size() / 2);
    for (size_t i = 0; i < text.size(); i += 2) {
        const uint8_t high = hex_values[byte_at(text, i)];
        const uint8_t low = hex_values[byte_at(text, i + 1)];
        if (high == not_a_digit || low == not_a_digit)
            return std::nullopt;
        out.push_back(static_cast<char>(high << 4 | low));
    }
    return out;
}

std::string percent_encode(std::string_view text, bool keep_slash) {
    static constexpr char alphabet[] = "0123456789ABCDEF";
    std::string out;
    out.reserve(text.size() + text.size() / 2);
    for (const char c : text) {
        const auto byte = static_cast<uint8_t>(c);
        if (unreserved[byte] || (keep_slash && c == '/')) {
            out.push_back(c);
            continue;
        }
        out.push_back('%');
        out.push_back(alphabet[byte >> 4]);
        out.push_back(alphabet[byte & 15]);
    }
    return out;
}

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
    std::string out;
    out.reserve(text.size());
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+' && plus_is_space) {
            out.push_back(' ');
        } else if (text[i] != '%') {
            out.push_back(text[i]);
        } else {
            if (text.size() - i < 3)
                return std::nullopt;
            const uint8_t high = hex_values[byte_at(text, i + 1)];
            const uint8_t low = hex_values[byte_at(text, i + 2)];
            if (high == not_a_digit || low == not_a_digit)
                return std::nullopt;
            out.push_back(static_cast<char>(high << 4 | low));
            i += 2;
        }
    }
    return out;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    while (true) {
        const size_t end = text.find(separator);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos)
            return parts;
        text.remove_prefix(end + 1);
    }
}

std::string_view trim(std::string_view text) {
    while (!text.empty() && is_space(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && is_space(text.back()))
        text.remove_suffix(1);
    return text;
}

std::string to_lower(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        c = lower(c);
    return out;
}

bool equals_ignore_case(std::string_view a, std::string_view b) {
    if (a.size() != b.size())
        return false;
    for (size_t i = 0; i < a.size(); ++i)
        if (lower(a[i]) != lower(b[i]))
            return false;
    return true;
}

bool is_valid_utf8(std::string_view text) {
    size_t i = 0;
    while (i < text.size()) {
        const uint8_t lead = byte_at(text, i);
        if (lead < 0x80) {
            ++i;
            continue;
        }
        const size_t length = lead >= 0xC2 && lead <= 0xDF   ? 2
                              : lead >= 0xE0 && lead <= 0xEF ? 3
                              : lead >= 0xF0 && lead <= 0xF4 ? 4
                                                             : 0;
        if (length == 0 || text.size() - i < length)
            return false;
        for (size_t k = 1; k < length; ++k)
            if (!is_continuation(text[i + k]))
                return false;
        // Overlong forms, surrogates, and what lies beyond U+10FFFF show in the second byte.
        const uint8_t second = byte_at(text, i + 1);
        if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) ||
            (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F))
            return false;
        i += length;
    }
    return true;
}

std::optional<int64_t> parse_int(std::string_view text) {
    int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size())
        return std::nullopt;
    return value;
}

bool wildcard_match(std::string_view pattern, std::string_view text) {
    // Only the last star is ever tried again: an earlier one that took more could not match what
    // the later one cannot. That bounds the work to pattern × text.
    constexpr size_t none = std::string_view::npos;
    size_t p = 0, t = 0, star = none, star_text = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            star_text = t;
            continue;
        }
        if (p < pattern.size() && pattern[p] == '?') {
            ++p;
            for (++t; t < text.size() && is_continuation(text[t]);)
                ++t;
            continue;
        }
        const size_t literal = p + (p + 1 < pattern.size() && pattern[p] == '\\' ? 1 : 0);
        if (literal < pattern.size() && pattern[literal] == text[t]) {
            p = literal + 1;
            ++t;
            continue;
        }
        if (star == none)
            return false;
        p = star + 1;
        t = ++star_text;
    }
    while (p < pattern.size() && pattern[p] == '*')
        ++p;
    return p == pattern.size();
}

bool has_wildcard(std::string_view pattern) {
    for (size_t i = 0; i < pattern.size(); ++i) {
        if (pattern[i] == '\\')
            ++i;
        else if (pattern[i] == '*' || pattern[i] == '?')
            return true;
    }
    return false;
}

} // namespace pileus
