// SPDX-License-Identifier: Apache-2.0
#include "model/record.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace pileus::model {

namespace {

constexpr size_t max_chunk_bytes = 256 * 1024;

[[noreturn]] void fail_on_frozen_tree() {
    std::fputs("pileus: a request's tree was written to after decoding\n", stderr);
    std::abort();
}

bool is_integral(Kind kind) {
    return kind == Kind::integer || kind == Kind::long_integer;
}

bool same_storage(const MemberSchema& a, const MemberSchema& b) {
    return a.is_list == b.is_list &&
           (a.kind == b.kind || (is_integral(a.kind) && is_integral(b.kind)));
}

void copy_element(const MemberSchema& member, const Value& from, Record& to, size_t index) {
    switch (member.kind) {
    case Kind::string:
    case Kind::blob:
        return to.append_text(index, from.view());
    case Kind::real:
        return to.append_real(index, from.real);
    case Kind::structure:
        return copy_matching(*from.record, to.append_record(index));
    default:
        return to.append_integer(index, from.integer);
    }
}

void copy_member(const MemberSchema& member, const Value& from, Record& to, size_t index) {
    if (member.is_list) {
        to.clear(index);
        to.touch_list(index);
        for (uint32_t i = 0; i < from.list->size; ++i)
            copy_element(member, from.list->items[i], to, index);
        return;
    }
    switch (member.kind) {
    case Kind::string:
    case Kind::blob:
        return to.set_text(index, from.view());
    case Kind::real:
        return to.set_real(index, from.real);
    case Kind::structure:
        return copy_matching(*from.record, to.touch_record(index));
    default:
        return to.set_integer(index, from.integer);
    }
}

bool equal_element(const MemberSchema& member, const Value& a, const Value& b) {
    switch (member.kind) {
    case Kind::string:
    case Kind::blob:
        return a.view() == b.view();
    case Kind::real:
        return a.real == b.real;
    case Kind::structure:
        return equal(*a.record, *b.record);
    default:
        return a.integer == b.integer;
    }
}

bool equal_member(const MemberSchema& member, const Value& a, const Value& b) {
    if (a.present != b.present)
        return false;
    if (!a.present)
        return true;
    if (!member.is_list)
        return equal_element(member, a, b);
    return std::equal(a.list->items,
                      a.list->items + a.list->size,
                      b.list->items,
                      b.list->items + b.list->size,
                      [&](const Value& x, const Value& y) { return equal_element(member, x, y); });
}

} // namespace

Value& Record::writable(size_t index) {
    if (tree_->frozen)
        fail_on_frozen_tree();
    Value& value = values()[index];
    value.present = true;
    return value;
}

void Record::set_text(size_t index, std::string_view text) {
    Value& value = writable(index);
    std::string_view copy = arena().copy(text);
    value.text = copy.data();
    value.length = static_cast<uint32_t>(copy.size());
}

void Record::set_integer(size_t index, int64_t number) {
    writable(index).integer = number;
}

void Record::set_real(size_t index, double number) {
    writable(index).real = number;
}

Record& Record::touch_record(size_t index) {
    if (has(index))
        return *at(index).record;
    Record& nested = arena().make_in(*tree_, *schema().members()[index].structure());
    writable(index).record = &nested;
    return nested;
}

void Record::touch_list(size_t index) {
    if (has(index))
        return;
    void* memory = arena().allocate(sizeof(ListValues), alignof(ListValues));
    writable(index).list = new (memory) ListValues{nullptr, 0, 0};
}

Value& Record::append(size_t index) {
    touch_list(index);
    ListValues& list = *writable(index).list;
    if (list.size == list.capacity) {
        uint32_t capacity = std::max<uint32_t>(4, list.capacity * 2);
        auto* items =
            static_cast<Value*>(arena().allocate(sizeof(Value) * capacity, alignof(Value)));
        std::copy_n(list.items, list.size, items);
        list.items = items;
        list.capacity = capacity;
    }
    Value& value = list.items[list.size++];
    value = Value{};
    value.present = true;
    return value;
}

void Record::append_text(size_t index, std::string_view text) {
    std::string_view copy = arena().copy(text);
    Value& value = append(index);
    value.text = copy.data();
    value.length = static_cast<uint32_t>(copy.size());
}

void Record::append_integer(size_t index, int64_t number) {
    append(index).integer = number;
}

void Record::append_real(size_t index, double number) {
    append(index).real = number;
}

Record& Record::append_record(size_t index) {
    Record& element = arena().make_in(*tree_, *schema().members()[index].structure());
    append(index).record = &element;
    return element;
}

void Record::clear(size_t index) {
    writable(index) = Value{};
}

void* Arena::allocate(size_t bytes, size_t alignment) {
    size_t padding = (alignment - reinterpret_cast<uintptr_t>(next_) % alignment) % alignment;
    if (next_ == nullptr || padding + bytes > left_) {
        size_t chunk_bytes = std::max(next_chunk_bytes_, bytes);
        chunks_.push_back(std::make_unique_for_overwrite<std::byte[]>(chunk_bytes));
        next_ = chunks_.back().get();
        left_ = chunk_bytes;
        padding = 0; // operator new[] aligns for every type that we keep
        next_chunk_bytes_ = std::min(next_chunk_bytes_ * 2, max_chunk_bytes);
    }
    void* result = next_ + padding;
    next_ += padding + bytes;
    left_ -= padding + bytes;
    used_bytes_ += padding + bytes;
    return result;
}

std::string_view Arena::copy(std::string_view text) {
    if (text.empty())
        return {"", 0};
    auto* memory = static_cast<char*>(allocate(text.size(), 1));
    std::memcpy(memory, text.data(), text.size());
    return {memory, text.size()};
}

Record& Arena::make(const StructureSchema& schema) {
    Tree* tree = new (allocate(sizeof(Tree), alignof(Tree))) Tree{this, false};
    return make_in(*tree, schema);
}

Record& Arena::make_in(Tree& tree, const StructureSchema& schema) {
    static_assert(alignof(Record) >= alignof(Value) && sizeof(Record) % alignof(Value) == 0);
    size_t bytes = sizeof(Record) + sizeof(Value) * schema.member_count;
    void* memory = allocate(bytes, alignof(Record));
    std::memset(memory, 0, bytes);
    return *new (memory) Record(schema, tree);
}

void copy_matching(const Record& from, Record& to) {
    bool same_schema = &from.schema() == &to.schema();
    std::span<const MemberSchema> members = from.schema().members();
    for (size_t i = 0; i < members.size(); ++i) {
        if (!from.has(i))
            continue;
        int target =
            same_schema ? static_cast<int>(i) : to.schema().find_by_name(members[i].name());
        if (target >= 0 && same_storage(members[i], to.schema().members()[target]))
            copy_member(members[i], from.at(i), to, static_cast<size_t>(target));
    }
}

bool equal(const Record& a, const Record& b, std::initializer_list<std::string_view> ignored) {
    if (&a.schema() != &b.schema())
        return false;
    std::span<const MemberSchema> members = a.schema().members();
    for (size_t i = 0; i < members.size(); ++i) {
        if (std::find(ignored.begin(), ignored.end(), members[i].name()) != ignored.end())
            continue;
        if (!equal_member(members[i], a.at(i), b.at(i)))
            return false;
    }
    return true;
}

} // namespace pileus::model
