// SPDX-License-Identifier: Apache-2.0
#pragma once

// What every generated view is made of. A view is one pointer into a tree: pass it by value, keep
// it no longer than the arena. A view of nothing is allowed and answers "absent" to every getter;
// writing to it aborts.

#include "model/record.h"

#include <concepts>
#include <cstddef>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace pileus::model {

// What a string setter takes: anything that is text, or an optional of it.
class TextArgument {
  public:
    TextArgument(std::nullopt_t) : present_(false) {}
    template <class T>
    requires std::convertible_to<const T&, std::string_view> TextArgument(const T& text)
        : text_(text), present_(true) {}
    template <class T>
    requires std::convertible_to<const T&, std::string_view>
    TextArgument(const std::optional<T>& text) : present_(text.has_value()) {
        if (text)
            text_ = *text;
    }
    bool present() const { return present_; }
    std::string_view text() const { return text_; }

  private:
    std::string_view text_;
    bool present_;
};

// What a boolean setter takes: bool or an optional of it, and nothing that merely converts to bool.
class BooleanArgument {
  public:
    BooleanArgument(std::nullopt_t) {}
    BooleanArgument(std::optional<bool> value) : value_(value) {}
    BooleanArgument(std::same_as<bool> auto value) : value_(value) {}
    const std::optional<bool>& value() const { return value_; }

  private:
    std::optional<bool> value_;
};

class View {
  public:
    View() = default;
    explicit View(Record& record) : record_(&record) {}
    explicit View(const Value* value) : record_(value ? value->record : nullptr) {}

    explicit operator bool() const { return record_ != nullptr; }
    Record* record() { return record_; }
    const Record* record() const { return record_; }

  protected:
    const Value* find_value(size_t index) const {
        return record_ && record_->has(index) ? &record_->at(index) : nullptr;
    }
    std::optional<std::string_view> get_text(size_t index) const;
    std::optional<int32_t> get_integer(size_t index) const;
    std::optional<int64_t> get_long_integer(size_t index) const;
    std::optional<double> get_real(size_t index) const;
    std::optional<bool> get_boolean(size_t index) const;
    std::optional<Time> get_timestamp(size_t index) const;

    void put(size_t index, const TextArgument& value);
    void put_integer(size_t index, std::optional<int64_t> value);
    void put_real(size_t index, std::optional<double> value);
    void put_boolean(size_t index, BooleanArgument value);
    void put_timestamp(size_t index, std::optional<Time> value);
    Record& touch_record(size_t index) { return writable().touch_record(index); }
    Record& append_record(size_t index) { return writable().append_record(index); }
    void touch_list(size_t index) { writable().touch_list(index); }
    void append(size_t index, std::string_view value) { writable().append_text(index, value); }
    void append_integer(size_t index, int64_t value) { writable().append_integer(index, value); }
    void append_real(size_t index, double value) { writable().append_real(index, value); }
    void append_timestamp(size_t index, Time value);
    static Record& make_record(Arena& arena, uint16_t structure) {
        return arena.make(structure_at(structure));
    }

  private:
    Record& writable();

    Record* record_ = nullptr;
};

// The response of an operation whose model has no output, and the request of one that takes
// nothing.
class Unit : public View {
  public:
    using View::View;
};

inline void load(const Value& value, std::string_view& out) {
    out = value.view();
}
inline void load(const Value& value, int32_t& out) {
    out = static_cast<int32_t>(value.integer);
}
inline void load(const Value& value, int64_t& out) {
    out = value.integer;
}
inline void load(const Value& value, bool& out) {
    out = value.integer != 0;
}
inline void load(const Value& value, double& out) {
    out = value.real;
}
inline void load(const Value& value, Time& out) {
    out = from_microseconds(value.integer);
}

// A list as it is read: elements are made on the way. T is a view, or std::string_view, int32_t,
// int64_t, bool, double, Time.
template <class T> class List {
  public:
    class iterator {
      public:
        using iterator_category = std::input_iterator_tag;
        using value_type = T;
        using difference_type = std::ptrdiff_t;
        using pointer = void;
        using reference = T;

        iterator() = default;
        explicit iterator(const Value* at) : at_(at) {}
        T operator*() const { return element(*at_); }
        iterator& operator++() {
            ++at_;
            return *this;
        }
        iterator operator++(int) { return iterator(at_++); }
        friend bool operator==(const iterator&, const iterator&) = default;

      private:
        const Value* at_ = nullptr;
    };
    using const_iterator = iterator;
    using value_type = T;

    List() = default;
    explicit List(const Value* value) : values_(value ? value->list : nullptr) {}

    // Whether the list was sent (or touched), even if it has no elements.
    bool present() const { return values_ != nullptr; }
    size_t size() const { return values_ ? values_->size : 0; }
    bool empty() const { return size() == 0; }
    T operator[](size_t index) const { return element(values_->items[index]); }
    T front() const { return (*this)[0]; }
    iterator begin() const { return iterator(values_ ? values_->items : nullptr); }
    iterator end() const { return iterator(values_ ? values_->items + values_->size : nullptr); }

  private:
    static T element(const Value& value) {
        if constexpr (std::is_base_of_v<View, T>) {
            return T(*value.record);
        } else {
            T out;
            load(value, out);
            return out;
        }
    }

    const ListValues* values_ = nullptr;
};

// copy_matching() for views; nothing happens when `from` is absent.
inline void copy_matching(const View& from, View to) {
    if (from)
        copy_matching(*from.record(), *to.record());
}

} // namespace pileus::model
