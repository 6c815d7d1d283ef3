// SPDX-License-Identifier: Apache-2.0
#pragma once

// The interface of a service as read-only tables: operations, structures, members, enums, wire
// names. The tables are generated from the committed ec2.json and sts.json (generate.py) and live
// in read-only memory; everything here only points into them. Any thread.

#include <cstdint>
#include <span>
#include <string_view>

namespace pileus::model {

// Every name of every model, one after the other.
extern const char name_pool[];

struct NameRef {
    uint32_t offset;
    uint8_t length;

    std::string_view view() const { return {name_pool + offset, length}; }
};

enum class Kind : uint8_t {
    string,
    integer,
    long_integer,
    real,
    boolean,
    timestamp,
    blob,
    structure
};

struct EnumSchema {
    NameRef type_name;
    uint16_t first_value;
    uint16_t value_count;

    std::string_view name() const { return type_name.view(); }
    // Sorted bytewise, so that contains() is a binary search.
    std::span<const NameRef> values() const;
    bool contains(std::string_view value) const;
};

struct Bounds {
    int64_t min;
    int64_t max;
};

struct StructureSchema;

struct MemberSchema {
    static constexpr uint16_t none = 0xffff;

    NameRef model_name;
    NameRef query;   // in a request; lists are flattened, so a list element has no name of its own
    NameRef xml;     // in a response
    NameRef element; // the XML element of one item of a list
    uint16_t target; // index of the structure, or of the enum of a string; or none
    uint16_t range;  // index of the bounds of a number, or none
    Kind kind;       // of the value, or of the list's elements
    bool is_list;
    bool is_required;
    bool is_idempotency_token;

    std::string_view name() const { return model_name.view(); }
    std::string_view query_name() const { return query.view(); }
    std::string_view xml_name() const { return xml.view(); }
    std::string_view element_name() const { return element.view(); }
    const StructureSchema* structure() const; // when kind == Kind::structure, else nullptr
    const EnumSchema* enumeration() const; // when the string is one of a closed list, else nullptr
    const Bounds* bounds() const;
};

struct StructureSchema {
    NameRef type_name;
    uint32_t first_member;
    uint16_t member_count;

    std::string_view name() const { return type_name.view(); }
    std::span<const MemberSchema> members() const; // in the order in which a response shows them
    // Index into members(), or -1.
    int find_by_query_name(std::string_view name) const;
    int find_by_name(std::string_view name) const;
};

struct OperationSchema {
    NameRef operation_name;
    uint16_t service_index;
    uint16_t input_index;  // or MemberSchema::none
    uint16_t output_index; // or MemberSchema::none
    // The lists of the output render even when empty: not for the Describe…Attribute family, which
    // answers one member.
    bool renders_empty_lists;

    std::string_view name() const { return operation_name.view(); }
    const StructureSchema* input() const;  // nullptr: takes no parameters
    const StructureSchema* output() const; // nullptr: answers <return>true</return>
    const struct ServiceSchema& service() const;
};

enum class Protocol : uint8_t {
    ec2_query, // flattened lists, <OpResponse> with <requestId> first
    aws_query, // lists as X.member.N, <OpResponse><OpResult>… (STS, IAM)
};

struct ServiceSchema {
    std::string_view name;          // "ec2", as in the credential scope
    std::string_view version;       // "2016-11-15"
    std::string_view namespace_uri; // up to the version, which a slash follows
    Protocol protocol;
    uint16_t first_operation;
    uint16_t operation_count;
    uint16_t first_structure;
    uint16_t structure_count;

    std::span<const OperationSchema> operations() const; // sorted by name
    const OperationSchema* find_operation(std::string_view operation) const;
    const StructureSchema* find_structure(std::string_view structure) const;
};

// Every structure and operation of every service, by the index that the generated classes carry.
const StructureSchema& structure_at(uint16_t index);
const OperationSchema& operation_at(uint16_t index);

const ServiceSchema& ec2_service();
const ServiceSchema& sts_service();
// By the service name of the credential scope; nullptr when unknown.
const ServiceSchema* find_service(std::string_view name);

} // namespace pileus::model
