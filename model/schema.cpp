// SPDX-License-Identifier: Apache-2.0
#include "model/schema.h"

#include "model/schema_tables.h"

#include <algorithm>

namespace pileus::model {

namespace {

template <class Range, class Name>
auto find_sorted(const Range& range, std::string_view wanted, Name name) {
    auto at = std::lower_bound(
        range.begin(), range.end(), wanted, [&](const auto& entry, std::string_view text) {
            return name(entry) < text;
        });
    return at != range.end() && name(*at) == wanted ? at : range.end();
}

} // namespace

std::span<const NameRef> EnumSchema::values() const {
    return std::span(tables::enum_values, tables::enum_value_count)
        .subspan(first_value, value_count);
}

bool EnumSchema::contains(std::string_view value) const {
    auto all = values();
    return find_sorted(all, value, [](const NameRef& name) { return name.view(); }) != all.end();
}

const StructureSchema* MemberSchema::structure() const {
    return kind == Kind::structure ? &tables::structures[target] : nullptr;
}

const EnumSchema* MemberSchema::enumeration() const {
    return kind == Kind::string && target != none ? &tables::enums[target] : nullptr;
}

const Bounds* MemberSchema::bounds() const {
    return range == none ? nullptr : &tables::bounds[range];
}

std::span<const MemberSchema> StructureSchema::members() const {
    return {tables::members + first_member, member_count};
}

int StructureSchema::find_by_query_name(std::string_view wanted) const {
    auto order = std::span(tables::query_order + first_member, member_count);
    auto all = members();
    auto at = find_sorted(order, wanted, [&](uint8_t index) { return all[index].query_name(); });
    return at == order.end() ? -1 : *at;
}

int StructureSchema::find_by_name(std::string_view wanted) const {
    auto all = members();
    for (size_t i = 0; i < all.size(); ++i) {
        if (all[i].name() == wanted)
            return static_cast<int>(i);
    }
    return -1;
}

const StructureSchema* OperationSchema::input() const {
    return input_index == MemberSchema::none ? nullptr : &tables::structures[input_index];
}

const StructureSchema* OperationSchema::output() const {
    return output_index == MemberSchema::none ? nullptr : &tables::structures[output_index];
}

const ServiceSchema& OperationSchema::service() const {
    return tables::services[service_index];
}

std::span<const OperationSchema> ServiceSchema::operations() const {
    return {tables::operations + first_operation, operation_count};
}

const OperationSchema* ServiceSchema::find_operation(std::string_view wanted) const {
    auto all = operations();
    auto at = find_sorted(all, wanted, [](const OperationSchema& entry) { return entry.name(); });
    return at == all.end() ? nullptr : &*at;
}

const StructureSchema* ServiceSchema::find_structure(std::string_view wanted) const {
    auto all = std::span(tables::structures + first_structure, structure_count);
    auto at = find_sorted(all, wanted, [](const StructureSchema& entry) { return entry.name(); });
    return at == all.end() ? nullptr : &*at;
}

const StructureSchema& structure_at(uint16_t index) {
    return tables::structures[index];
}

const OperationSchema& operation_at(uint16_t index) {
    return tables::operations[index];
}

const ServiceSchema* find_service(std::string_view name) {
    for (const ServiceSchema& service : tables::services) {
        if (service.name == name)
            return &service;
    }
    return nullptr;
}

const ServiceSchema& ec2_service() {
    return *find_service("ec2");
}

const ServiceSchema& sts_service() {
    return *find_service("sts");
}

} // namespace pileus::model
