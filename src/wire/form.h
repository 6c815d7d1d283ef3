// SPDX-License-Identifier: Apache-2.0
#pragma once

// The parameters of a request: those of the query string and those of a form body, percent-decoded,
// in the order in which they came. Owns its text; every view of it lives as long as the Form and
// survives a move. One request, one thread.

#include "base/result.h"

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace pileus::wire {

struct Parameter {
    std::string_view name;
    std::string_view value;
};

class Form {
  public:
    // Either may be empty. Errors: MalformedQueryString, InvalidQueryParameter (a limit, see
    // limits.h).
    static Result<Form> parse(std::string_view query_string, std::string_view body);

    std::span<const Parameter> parameters() const { return parameters_; }
    // The first of that name.
    std::optional<std::string_view> find(std::string_view name) const;

  private:
    Form() = default;
    Result<void> append(std::string_view encoded, char*& out);

    std::unique_ptr<char[]> text_;
    std::vector<Parameter> parameters_;
};

} // namespace pileus::wire
