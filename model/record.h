// SPDX-License-Identifier: Apache-2.0
#pragma once

// The tree that requests and responses are made of. An Arena owns everything: records, lists, text.
// It belongs to one request and one thread, and its trees die with it; nothing here survives a
// restart. API code uses the generated views (model/ec2.h) instead of this untyped form; the
// decoder, the writer and tests of them use it directly.

#include "base/clock.h"
#include "model/schema.h"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <new>
#include <string_view>
#include <vector>

namespace pileus::model {

class Arena;
class Record;
struct Value;

struct ListValues {
    Value* items;
    uint32_t size;
    uint32_t capacity;
};

// One member of a record, or one element of a list. Which of the union is used follows from the
// member's schema.
struct Value {
    union {
        const char* text; // string, blob (raw bytes); `length` bytes, not terminated
        int64_t integer;  // integer, long_integer, boolean, timestamp (microseconds)
        double real;
        Record* record;
        ListValues* list;
    };
    uint32_t length;
    bool present;

    std::string_view view() const { return {text, length}; }
};

// Shared by the records of one tree: where they live, and whether they may still be written.
struct Tree {
    Arena* arena;
    bool frozen;
};

class Record {
  public:
    const StructureSchema& schema() const { return *schema_; }
    Arena& arena() const { return *tree_->arena; }
    // Values by the index of the member in schema().members().
    const Value& at(size_t index) const { return values()[index]; }
    bool has(size_t index) const { return at(index).present; }

    // From now on a write to any record of this tree aborts: a request must not change under its
    // reader.
    void freeze() { tree_->frozen = true; }

    void set_text(size_t index, std::string_view text); // copied into the arena
    void set_integer(size_t index, int64_t value);
    void set_real(size_t index, double value);
    Record& touch_record(size_t index); // the nested record, made when absent
    void touch_list(size_t index);
    void append_text(size_t index, std::string_view text);
    void append_integer(size_t index, int64_t value);
    void append_real(size_t index, double value);
    Record& append_record(size_t index);
    void clear(size_t index);

  private:
    friend class Arena;
    Record(const StructureSchema& schema, Tree& tree) : schema_(&schema), tree_(&tree) {}
    Value* values() { return reinterpret_cast<Value*>(this + 1); }
    const Value* values() const { return reinterpret_cast<const Value*>(this + 1); }
    Value& writable(size_t index);
    Value& append(size_t index);

    const StructureSchema* schema_;
    Tree* tree_;
    // schema_->member_count values follow in memory.
};

// Hands out memory and gives it back all at once.
class Arena {
  public:
    Arena() = default;
    Arena(const Arena&) = delete;
    Arena& operator=(const Arena&) = delete;

    void* allocate(size_t bytes, size_t alignment);
    std::string_view copy(std::string_view text);
    // The root of a new tree.
    Record& make(const StructureSchema& schema);
    size_t used_bytes() const { return used_bytes_; }

  private:
    friend class Record;
    Record& make_in(Tree& tree, const StructureSchema& schema);

    std::vector<std::unique_ptr<std::byte[]>> chunks_;
    std::byte* next_ = nullptr;
    size_t left_ = 0;
    size_t next_chunk_bytes_ = 4096;
    size_t used_bytes_ = 0;
};

// Copies, deeply, what two records share: members of the same name and kind. Members that only one
// of them has are left alone.
void copy_matching(const Record& from, Record& to);

// Deep equality of what is present. Members named in `ignored` (top level, by model name) do not
// count: what a client token's second use is compared by.
bool equal(const Record& a, const Record& b, std::initializer_list<std::string_view> ignored = {});

} // namespace pileus::model
