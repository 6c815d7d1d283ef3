// SPDX-License-Identifier: Apache-2.0
#pragma once

// The query protocol's request side: which operation is asked for, and its parameters as a tree by
// the model. Checks everything that the model knows: names, types, closed lists of values, bounds,
// what is required. Pure functions of the form; any thread. Time is O(n log n) in the size of the
// form, whatever its names are.

#include "base/result.h"
#include "model/record.h"
#include "wire/form.h"

#include <string_view>

namespace pileus::wire {

// By the form's Action. Errors: MissingAction, InvalidAction; NoSuchVersion when Version is not one
// that the service has had.
Result<const model::OperationSchema*> find_action(const model::ServiceSchema& service,
                                                  const Form& form);

// The form's Version when it is a date, else the service's current one: the version that the
// response's namespace names.
std::string_view requested_version(const model::ServiceSchema& service, const Form& form);

// The operation's input, frozen; nullptr when the operation takes none. Parameters of the protocol
// and of authentication are left out. Errors: MissingParameter, UnknownParameter,
// InvalidParameterValue, InvalidQueryParameter, InvalidCharacter.
Result<model::Record*>
decode(const model::OperationSchema& operation, const Form& form, model::Arena& arena);

// A structure on its own, from what encode_query() wrote. Not frozen.
Result<model::Record*> decode_structure(const model::StructureSchema& structure,
                                        model::Protocol protocol,
                                        const Form& form,
                                        model::Arena& arena);

// Action, Version, and what the signature versions 2 and 4 put into a query.
bool is_protocol_parameter(std::string_view name);

} // namespace pileus::wire
