// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "wire/form.h"

#include <string>

namespace pileus::api {

// SHA-256 over the parameters of a request that carries a ClientToken, in whatever order they came,
// without the token and without what belongs to signing: equal for a call that is repeated, another
// for one that asks for something else. "" without a token.
std::string parameters_hash(const wire::Form& form);

} // namespace pileus::api
