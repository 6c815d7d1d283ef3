// SPDX-License-Identifier: Apache-2.0
#include "wire/query_decoder.h"

#include "base/text.h"
#include "wire/limits.h"
#include "wire/scalar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/core.h>

namespace pileus::wire {

using model::Kind;
using model::MemberSchema;
using model::Protocol;
using model::Record;

namespace {

// Takes the part before the next dot off `path`.
std::string_view take_segment(std::string_view& path) {
    size_t dot = path.find('.');
    std::string_view segment = path.substr(0, dot);
    path.remove_prefix(dot == std::string_view::npos ? path.size() : dot + 1);
    return segment;
}

// An index of a list: digits, no leading zero (so that one element has one name), within the limit.
// -1 for anything else.
int parse_index(std::string_view segment) {
    if (segment.empty() || segment.size() > 5 || (segment.size() > 1 && segment[0] == '0'))
        return -1;
    int index = 0;
    auto [end, error] = std::from_chars(segment.data(), segment.data() + segment.size(), index);
    bool whole = error == std::errc() && end == segment.data() + segment.size();
    return whole && index >= 0 && index <= limits::list_index_max ? index : -1;
}

// Orders names as the tree has them: segment by segment, indexes by their number. Everything of one
// list element stands together.
bool path_less(std::string_view a, std::string_view b) {
    while (!a.empty() && !b.empty()) {
        std::string_view left = take_segment(a);
        std::string_view right = take_segment(b);
        if (left == right)
            continue;
        int left_index = parse_index(left);
        int right_index = parse_index(right);
        if (left_index < 0 && right_index < 0)
            return left < right;
        if (left_index < 0 || right_index < 0)
            return left_index >= 0; // indexes before names, so that the order is one
        return left_index < right_index;
    }
    return a.empty() && !b.empty();
}

std::string_view shown(std::string_view name) {
    return name.substr(0, limits::quoted_value_bytes_max);
}

tl::unexpected<Error> unknown_parameter(std::string_view name) {
    if (!is_wire_text(shown(name)))
        return fail("InvalidCharacter", "A parameter's name contains an invalid character");
    return fail("UnknownParameter", fmt::format("The parameter {} is not recognized", shown(name)));
}

// Puts sorted parameters into a tree, one after the other.
class TreeBuilder {
  public:
    TreeBuilder(Record& root, Protocol protocol) : root_(root), protocol_(protocol) {}

    Result<void> add(const Parameter& parameter) {
        Record* record = &root_;
        std::string_view rest = parameter.name;
        if (rest.ends_with('.')) // else "A." would be a second name of "A"
            return unknown_parameter(parameter.name);
        for (size_t depth = 0; depth < limits::path_segments_max; ++depth) {
            int index = record->schema().find_by_query_name(take_segment(rest));
            if (index < 0)
                return unknown_parameter(parameter.name);
            const MemberSchema& member = record->schema().members()[static_cast<size_t>(index)];
            if (member.is_list) {
                if (rest.empty() && parameter.value.empty()) { // "Names=": an empty list
                    record->touch_list(static_cast<size_t>(index));
                    return {};
                }
                // "KeyName=x" without an index is one element: Libcloud sends it, and EC2 takes it.
                if (rest.empty() && member.kind != Kind::structure)
                    return add_element(*record, index, parameter);
                int element = take_index(rest);
                if (element < 0)
                    return unknown_parameter(parameter.name);
                if (member.kind != Kind::structure)
                    return rest.empty() ? add_element(*record, index, parameter)
                                        : unknown_parameter(parameter.name);
                record = &element_record(depth, *record, index, element);
            } else if (member.kind == Kind::structure) {
                record = &record->touch_record(static_cast<size_t>(index));
            } else {
                return rest.empty() ? set_member(*record, index, parameter)
                                    : unknown_parameter(parameter.name);
            }
            if (rest.empty()) // names a structure and not one of its members
                return parameter.value.empty() ? Result<void>{} : unknown_parameter(parameter.name);
        }
        return unknown_parameter(parameter.name);
    }

  private:
    // The list element that the path of the previous parameter went through, at each depth.
    struct Cursor {
        Record* owner = nullptr;
        int member = -1;
        int element = -1;
        Record* record = nullptr;
    };

    int take_index(std::string_view& rest) const {
        if (protocol_ == Protocol::aws_query && take_segment(rest) != "member")
            return -1;
        return parse_index(take_segment(rest));
    }

    Record& element_record(size_t depth, Record& owner, int member, int element) {
        Cursor& cursor = cursors_[depth];
        if (cursor.owner != &owner || cursor.member != member || cursor.element != element)
            cursor = {&owner, member, element, &owner.append_record(static_cast<size_t>(member))};
        return *cursor.record;
    }

    // An empty value means "absent": Terraform sends Placement.AvailabilityZone= and means none.
    // NoDevice of a block device mapping alone is meant by its presence.
    static Result<void> set_member(Record& record, int index, const Parameter& parameter) {
        auto at = static_cast<size_t>(index);
        const MemberSchema& member = record.schema().members()[at];
        if (parameter.value.empty() && member.name() != "NoDevice")
            return {};
        PILEUS_ASSIGN(Scalar scalar, parse_scalar(member, parameter.value, parameter.name));
        switch (member.kind) {
        case Kind::string:
            record.set_text(at, scalar.text);
            break;
        case Kind::blob:
            record.set_text(at, scalar.bytes);
            break;
        case Kind::real:
            record.set_real(at, scalar.real);
            break;
        default:
            record.set_integer(at, scalar.integer);
        }
        return {};
    }

    // An empty string is an element like any other: a filter may ask for the empty value.
    static Result<void> add_element(Record& record, int index, const Parameter& parameter) {
        auto at = static_cast<size_t>(index);
        const MemberSchema& member = record.schema().members()[at];
        if (parameter.value.empty() &&
            (member.kind != Kind::string || member.enumeration() != nullptr)) {
            record.touch_list(at);
            return {};
        }
        PILEUS_ASSIGN(Scalar scalar, parse_scalar(member, parameter.value, parameter.name));
        switch (member.kind) {
        case Kind::string:
            record.append_text(at, scalar.text);
            break;
        case Kind::blob:
            record.append_text(at, scalar.bytes);
            break;
        case Kind::real:
            record.append_real(at, scalar.real);
            break;
        default:
            record.append_integer(at, scalar.integer);
        }
        return {};
    }

    Record& root_;
    Protocol protocol_;
    std::array<Cursor, limits::path_segments_max> cursors_;
};

// The name of a required member that is absent, in the structures that are present; built from the
// inside out, only when there is one.
std::optional<std::string> find_missing(const Record& record) {
    std::span<const MemberSchema> members = record.schema().members();
    for (size_t i = 0; i < members.size(); ++i) {
        const MemberSchema& member = members[i];
        bool absent = !record.has(i) || (member.is_list && record.at(i).list->size == 0);
        if (absent) {
            if (member.is_required)
                return std::string(member.query_name());
            continue;
        }
        if (member.kind != Kind::structure)
            continue;
        if (!member.is_list) {
            if (auto inner = find_missing(*record.at(i).record))
                return fmt::format("{}.{}", member.query_name(), *inner);
            continue;
        }
        const model::ListValues& list = *record.at(i).list;
        for (uint32_t n = 0; n < list.size; ++n) {
            if (auto inner = find_missing(*list.items[n].record))
                return fmt::format("{}.{}.{}", member.query_name(), n + 1, *inner);
        }
    }
    return std::nullopt;
}

Result<void> fill(Record& root, Protocol protocol, std::vector<Parameter> parameters) {
    auto by_path = [](const Parameter& a, const Parameter& b) { return path_less(a.name, b.name); };
    std::stable_sort(parameters.begin(), parameters.end(), by_path);
    TreeBuilder builder(root, protocol);
    const Parameter* previous = nullptr;
    for (const Parameter& parameter : parameters) {
        if (previous != nullptr && previous->name == parameter.name) {
            return fail(
                "InvalidQueryParameter",
                fmt::format("The parameter {} is given more than once", shown(parameter.name)));
        }
        PILEUS_TRY(builder.add(parameter));
        previous = &parameter;
    }
    return {};
}

bool is_date(std::string_view text) {
    if (text.size() != 10)
        return false;
    for (size_t i = 0; i < text.size(); ++i) {
        bool is_dash = i == 4 || i == 7;
        if (is_dash ? text[i] != '-' : text[i] < '0' || text[i] > '9')
            return false;
    }
    return true;
}

} // namespace

Result<const model::OperationSchema*> find_action(const model::ServiceSchema& service,
                                                  const Form& form) {
    auto action = form.find("Action");
    if (!action || action->empty())
        return fail("MissingAction", "The request must contain the parameter Action");
    const model::OperationSchema* operation = service.find_operation(*action);
    if (operation == nullptr) {
        std::string_view name = is_wire_text(shown(*action)) ? shown(*action) : "given";
        return fail("InvalidAction",
                    fmt::format("The action {} is not valid for this web service.", name));
    }
    // Older versions are answered in the shape of the current one, which only added to them;
    // clients of 2014 work.
    if (auto version = form.find("Version");
        version && (!is_date(*version) || *version > service.version))
        return fail("NoSuchVersion",
                    "The requested version of the API is not available; use " +
                        std::string(service.version));
    return operation;
}

std::string_view requested_version(const model::ServiceSchema& service, const Form& form) {
    auto version = form.find("Version");
    return version && is_date(*version) ? *version : service.version;
}

bool is_protocol_parameter(std::string_view name) {
    static constexpr std::string_view names[] = {
        "AWSAccessKeyId",
        "Action",
        "Expires",
        "SecurityToken",
        "Signature",
        "SignatureMethod",
        "SignatureVersion",
        "Timestamp",
        "Version",
    };
    return std::binary_search(std::begin(names), std::end(names), name) ||
           (name.size() > 6 && equals_ignore_case(name.substr(0, 6), "x-amz-"));
}

Result<Record*>
decode(const model::OperationSchema& operation, const Form& form, model::Arena& arena) {
    std::vector<Parameter> parameters;
    parameters.reserve(form.parameters().size());
    for (const Parameter& parameter : form.parameters()) {
        if (!is_protocol_parameter(parameter.name))
            parameters.push_back(parameter);
    }
    if (operation.input() == nullptr) {
        if (!parameters.empty())
            return unknown_parameter(parameters.front().name);
        return nullptr;
    }
    Record& root = arena.make(*operation.input());
    PILEUS_TRY(fill(root, operation.service().protocol, std::move(parameters)));
    if (auto missing = find_missing(root))
        return fail("MissingParameter",
                    fmt::format("The request must contain the parameter {}", *missing));
    root.freeze();
    return &root;
}

Result<Record*> decode_structure(const model::StructureSchema& structure,
                                 Protocol protocol,
                                 const Form& form,
                                 model::Arena& arena) {
    Record& root = arena.make(structure);
    auto parameters = form.parameters();
    PILEUS_TRY(fill(root, protocol, {parameters.begin(), parameters.end()}));
    return &root;
}

} // namespace pileus::wire
