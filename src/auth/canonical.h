// SPDX-License-Identifier: Apache-2.0
#pragma once

// The canonical forms over which AWS signatures are computed, made from the exact bytes of a
// request. Pure functions.

#include "http/message.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pileus::auth {

struct Parameter {
    std::string name; // decoded
    std::string value;

    friend auto operator<=>(const Parameter&, const Parameter&) = default;
};

// Decodes a query string or a form body, '+' as a blank, as the decoder of the operation does: what
// is verified is what is executed. nullopt for a malformed escape or too many parameters.
std::optional<std::vector<Parameter>> parse_parameters(std::string_view text);

// The one parameter of that name; null when there is none. `repeated` is set when there are more.
const Parameter*
find_parameter(const std::vector<Parameter>& parameters, std::string_view name, bool& repeated);

// Sorted by name, then value, both encoded; joined by '&'.
std::string canonical_query(const std::vector<Parameter>& parameters,
                            std::string_view without_name);

// Dot segments and repeated slashes removed, then percent-encoded once more, as every service but
// S3 signs it.
std::string canonical_path(std::string_view raw_path);

// A run of blanks is one blank, none at the ends; the values of a repeated header are joined by
// commas. Appends "name:value\n".
void append_canonical_header(const http::Headers& headers,
                             std::string_view lower_case_name,
                             std::string& out);

struct CanonicalParts {
    std::string_view query;
    const std::vector<std::string>& signed_headers; // lower case, in order
    std::string_view signed_headers_text;           // the same, joined by ';'
    std::string_view payload_hash;                  // hex
};
std::string canonical_request(const http::Request& request, const CanonicalParts& parts);

} // namespace pileus::auth
