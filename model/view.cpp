// SPDX-License-Identifier: Apache-2.0
#include "model/view.h"

#include <cstdio>
#include <cstdlib>

namespace pileus::model {

std::optional<std::string_view> View::get_text(size_t index) const {
    const Value* value = find_value(index);
    return value ? std::optional(value->view()) : std::nullopt;
}

std::optional<int32_t> View::get_integer(size_t index) const {
    const Value* value = find_value(index);
    return value ? std::optional(static_cast<int32_t>(value->integer)) : std::nullopt;
}

std::optional<int64_t> View::get_long_integer(size_t index) const {
    const Value* value = find_value(index);
    return value ? std::optional(value->integer) : std::nullopt;
}

std::optional<double> View::get_real(size_t index) const {
    const Value* value = find_value(index);
    return value ? std::optional(value->real) : std::nullopt;
}

std::optional<bool> View::get_boolean(size_t index) const {
    const Value* value = find_value(index);
    return value ? std::optional(value->integer != 0) : std::nullopt;
}

std::optional<Time> View::get_timestamp(size_t index) const {
    const Value* value = find_value(index);
    return value ? std::optional(from_microseconds(value->integer)) : std::nullopt;
}

Record& View::writable() {
    if (record_ == nullptr) {
        std::fputs("pileus: an absent structure was written to\n", stderr);
        std::abort();
    }
    return *record_;
}

void View::put(size_t index, const TextArgument& value) {
    if (value.present())
        writable().set_text(index, value.text());
}

void View::put_integer(size_t index, std::optional<int64_t> value) {
    if (value)
        writable().set_integer(index, *value);
}

void View::put_real(size_t index, std::optional<double> value) {
    if (value)
        writable().set_real(index, *value);
}

void View::put_boolean(size_t index, BooleanArgument value) {
    if (value.value())
        writable().set_integer(index, *value.value() ? 1 : 0);
}

void View::put_timestamp(size_t index, std::optional<Time> value) {
    if (value)
        writable().set_integer(index, to_microseconds(*value));
}

void View::append_timestamp(size_t index, Time value) {
    writable().append_integer(index, to_microseconds(value));
}

} // namespace pileus::model
