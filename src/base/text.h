// SPDX-License-Identifier: Apache-2.0
#pragma once

// Pure functions on text: encodings, splitting, EC2's wildcard match. No locale, no I/O.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pileus {

std::string base64_encode(std::string_view bytes);
// Strict alphabet; white space inside is skipped (clients wrap lines); padding may be missing.
// nullopt when malformed.
std::optional<std::string> base64_decode(std::string_view text);

std::string hex_encode(std::string_view bytes);
std::optional<std::string> hex_decode(std::string_view text);

// RFC 3986 percent-encoding as SigV4 wants it: everything but A-Z a-z 0-9 - _ . ~ is encoded, in
// capitals.
std::string percent_encode(std::string_view text, bool keep_slash = false);
// Decodes %XX; `plus_is_space` for form bodies. nullopt for a malformed escape.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);

std::vector<std::string_view> split(std::string_view text, char separator);
std::string_view trim(std::string_view text);
std::string to_lower(std::string_view text);
bool equals_ignore_case(std::string_view a, std::string_view b);
bool is_valid_utf8(std::string_view text);

// The whole of `text` as a number; nullopt for anything else (signs other than '-', spaces,
// overflow).
std::optional<int64_t> parse_int(std::string_view text);

// EC2's filter match: '*' any run, '?' one character, '\' escapes the next; case-sensitive; linear
// time.
bool wildcard_match(std::string_view pattern, std::string_view text);
bool has_wildcard(std::string_view pattern);

} // namespace pileus
