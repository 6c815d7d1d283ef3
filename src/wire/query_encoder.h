// SPDX-License-Identifier: Apache-2.0
#pragma once

// A tree as the text of a query: the decoder's inverse. For trees that are kept (launch templates),
// for telling whether two requests are the same one, and for tests. The same tree always gives the
// same text. Pure function; any thread.

#include "model/record.h"

#include <initializer_list>
#include <string>
#include <string_view>

namespace pileus::wire {

// "ImageId=ami-1&TagSpecification.1.ResourceType=instance": members in the model's order, names of
// their own left out when in `ignored` (top level, by model name). Empty lists and empty structures
// leave no trace.
std::string encode_query(const model::Record& record,
                         model::Protocol protocol,
                         std::initializer_list<std::string_view> ignored = {});

} // namespace pileus::wire
