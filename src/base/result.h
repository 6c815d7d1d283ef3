// SPDX-License-Identifier: Apache-2.0
#pragma once

// Result<T>: a value, or the Error that says why there is none. The only way in which a function of
// Pileus reports an expected failure; exceptions are for what a caller cannot act on (out of
// memory, broken invariants).

#include "base/error.h"

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace pileus {

template <class T> using Result = tl::expected<T, Error>;

// fail("InvalidVpcID.NotFound", "The vpc ID 'vpc-1' does not exist")
inline tl::unexpected<Error> fail(std::string code, std::string message) {
    return tl::unexpected<Error>(Error{std::move(code), std::move(message)});
}
inline tl::unexpected<Error> fail(Error error) {
    return tl::unexpected<Error>(std::move(error));
}

} // namespace pileus

// PILEUS_TRY(expr): returns the error of a Result<void> expression to the caller.
#define PILEUS_TRY(expression)                                                                     \
    do {                                                                                           \
        if (auto pileus_try_result = (expression); !pileus_try_result)                             \
            return ::pileus::fail(std::move(pileus_try_result.error()));                           \
    } while (0)

#define PILEUS_CONCAT_INNER(a, b) a##b
#define PILEUS_CONCAT(a, b) PILEUS_CONCAT_INNER(a, b)

// PILEUS_ASSIGN(auto volume, find(id)): declares the value of a Result<T>, or returns its error to
// the caller.
#define PILEUS_ASSIGN(declaration, expression)                                                     \
    PILEUS_ASSIGN_INNER(PILEUS_CONCAT(pileus_assign_, __LINE__), declaration, expression)
#define PILEUS_ASSIGN_INNER(temporary, declaration, expression)                                    \
    auto temporary = (expression);                                                                 \
    if (!temporary)                                                                                \
        return ::pileus::fail(std::move(temporary.error()));                                       \
    declaration = std::move(*temporary)
