// SPDX-License-Identifier: Apache-2.0
#pragma once

// Signed requests as text, one field a line, so that another implementation of the signature can
// write them:
//   case NAME / now 20150830T123600Z / method GET / target /?a=b / header Host: example.com / body
//   HEX / end
// Used by the unit tests and by the differential test; not part of the library.

#include "base/clock.h"
#include "base/text.h"
#include "http/message.h"

#include <istream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace pileus::auth {

struct Vector {
    std::string name;
    Time now{};
    http::Request request;
};

inline void read_vector_line(std::string_view line, Vector& vector) {
    const auto blank = line.find(' ');
    const auto field = line.substr(0, blank);
    const auto value =
        blank == std::string_view::npos ? std::string_view{} : line.substr(blank + 1);
    if (field == "case") {
        vector.name = value;
    } else if (field == "now") {
        vector.now = parse_basic(value).value();
    } else if (field == "method") {
        vector.request.method = value;
    } else if (field == "target") {
        vector.request.target = value;
    } else if (field == "header") {
        const auto colon = value.find(':');
        vector.request.headers.add(value.substr(0, colon), trim(value.substr(colon + 1)));
    } else if (field == "body") {
        vector.request.body = hex_decode(value).value();
    } else {
        throw std::runtime_error("unknown field in a vector: " + std::string(field));
    }
}

inline std::vector<Vector> read_vectors(std::istream& in) {
    std::vector<Vector> out;
    Vector vector;
    for (std::string line; std::getline(in, line);) {
        if (line.empty() || line.starts_with('#'))
            continue;
        if (line == "end")
            out.push_back(std::exchange(vector, {}));
        else
            read_vector_line(line, vector);
    }
    return out;
}

} // namespace pileus::auth
