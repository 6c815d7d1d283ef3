// SPDX-License-Identifier: Apache-2.0
#pragma once

// One scalar of the model from its text on the wire, and what EC2 says when it cannot be read. Pure
// functions.

#include "base/result.h"
#include "model/record.h"

#include <string>
#include <string_view>

namespace pileus::wire {

// A parsed scalar: text for strings and blobs (blobs decoded from base64), else the number that
// Value keeps.
struct Scalar {
    std::string_view text; // of a string: the caller's own bytes
    std::string bytes;     // of a blob
    int64_t integer = 0;
    double real = 0;
};

// `path` names the parameter in messages, as it was sent.
Result<Scalar>
parse_scalar(const model::MemberSchema& member, std::string_view text, std::string_view path);

// UTF-8 that XML 1.0 can carry: what a string parameter may hold.
bool is_wire_text(std::string_view text);

} // namespace pileus::wire
