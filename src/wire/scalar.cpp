// SPDX-License-Identifier: Apache-2.0
#include "wire/scalar.h"

#include "base/text.h"
#include "wire/limits.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/core.h>
#include <limits>

namespace pileus::wire {

using model::Kind;
using model::MemberSchema;

namespace {

// EC2 writes parameter names with a small first letter in its messages.
std::string shown_name(std::string_view path) {
    std::string name(path);
    if (!name.empty() && name[0] >= 'A' && name[0] <= 'Z')
        name[0] = static_cast<char>(name[0] - 'A' + 'a');
    return name;
}

std::string_view shown_value(std::string_view text) {
    if (text.size() <= limits::quoted_value_bytes_max)
        return text;
    size_t end = limits::quoted_value_bytes_max;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80)
        --end; // not in the middle of a character
    return text.substr(0, end);
}

tl::unexpected<Error>
invalid(std::string_view text, std::string_view path, std::string_view expected) {
    return fail("InvalidParameterValue",
                fmt::format("Value ({}) for parameter {} is invalid. {}",
                            shown_value(text),
                            shown_name(path),
                            expected));
}

Result<int64_t>
parse_integer(const MemberSchema& member, std::string_view text, std::string_view path) {
    auto number = parse_int(text);
    bool is_int32 = member.kind == Kind::integer;
    if (!number)
        return invalid(text, path, "Expecting an integer.");
    if (is_int32 && (*number < std::numeric_limits<int32_t>::min() ||
                     *number > std::numeric_limits<int32_t>::max()))
        return invalid(text, path, "Expecting a 32-bit integer.");
    if (const model::Bounds* bounds = member.bounds()) {
        // EC2's own words: with a minimum of 5 it says "greater than 5" and accepts 5.
        if (*number < bounds->min)
            return invalid(
                text, path, fmt::format("Expecting a value greater than {}.", bounds->min));
        if (*number > bounds->max)
            return invalid(text,
                           path,
                           fmt::format("Expecting a value less than or equal to {}.", bounds->max));
    }
    return *number;
}

Result<int64_t> parse_boolean(std::string_view text, std::string_view path) {
    if (equals_ignore_case(text, "true") || text == "1")
        return 1;
    if (equals_ignore_case(text, "false") || text == "0")
        return 0;
    return invalid(text, path, "Expecting true or false.");
}

Result<double> parse_real(std::string_view text, std::string_view path) {
    double number = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number))
        return invalid(text, path, "Expecting a number.");
    return number;
}

// Not a closed list: which instance types there are is said by the installation's catalogue, and
// each operation has its own words for one that is not in it.
constexpr std::string_view open_enum = "InstanceType";

Result<void> check_enum(const MemberSchema& member, std::string_view text, std::string_view path) {
    const model::EnumSchema* values = member.enumeration();
    if (values == nullptr || values->name() == open_enum || values->contains(text))
        return {};
    std::string accepted;
    if (values->values().size() <= limits::named_enum_values_max) {
        accepted = "Valid values are: ";
        for (const model::NameRef& value : values->values()) {
            if (!accepted.ends_with(": "))
                accepted += ", ";
            accepted += value.view();
        }
    }
    return invalid(text, path, accepted);
}

} // namespace

Result<Scalar>
parse_scalar(const MemberSchema& member, std::string_view text, std::string_view path) {
    if (!is_wire_text(text)) {
        return fail("InvalidCharacter",
                    fmt::format("The value of parameter {} contains an invalid character",
                                shown_name(path)));
    }
    Scalar scalar;
    switch (member.kind) {
    case Kind::string:
        PILEUS_TRY(check_enum(member, text, path));
        scalar.text = text;
        return scalar;
    case Kind::blob: {
        auto bytes = base64_decode(text);
        if (!bytes)
            return invalid(text, path, "Expecting base64.");
        scalar.bytes = std::move(*bytes);
        return scalar;
    }
    case Kind::integer:
    case Kind::long_integer: {
        PILEUS_ASSIGN(scalar.integer, parse_integer(member, text, path));
        return scalar;
    }
    case Kind::boolean: {
        PILEUS_ASSIGN(scalar.integer, parse_boolean(text, path));
        return scalar;
    }
    case Kind::real: {
        PILEUS_ASSIGN(scalar.real, parse_real(text, path));
        return scalar;
    }
    case Kind::timestamp: {
        auto time = parse_iso8601(text);
        if (!time)
            return invalid(text, path, "Expecting a timestamp such as 2011-12-20T08:29:31Z.");
        scalar.integer = to_microseconds(*time);
        return scalar;
    }
    case Kind::structure:
        break;
    }
    return fail(errors::internal, "A structure is not a scalar");
}

bool is_wire_text(std::string_view text) {
    bool has_control = std::any_of(text.begin(), text.end(), [](char c) {
        auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 && c != '\t' && c != '\n' && c != '\r';
    });
    // U+FFFE and U+FFFF are valid UTF-8, but not XML.
    bool has_noncharacter = text.find("\xEF\xBF\xBE") != std::string_view::npos ||
                            text.find("\xEF\xBF\xBF") != std::string_view::npos;
    return !has_control && !has_noncharacter && is_valid_utf8(text);
}

} // namespace pileus::wire
