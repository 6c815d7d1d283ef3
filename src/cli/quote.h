// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace pileus::cli {

// A word for a POSIX shell: as it is when nothing in it has a meaning there, else in single quotes.
std::string shell_quote(std::string_view word);

} // namespace pileus::cli
