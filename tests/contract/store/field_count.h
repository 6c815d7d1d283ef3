// SPDX-License-Identifier: Apache-2.0
#pragma once

// How many fields an aggregate has: the largest number of initialisers that it takes.

#include <cstddef>
#include <utility>

namespace pileus::store {

struct AnyValue {
    size_t number;
    template <class T> operator T() const noexcept; // never called
};

template <class T, size_t... Numbers> constexpr bool takes(std::index_sequence<Numbers...>) {
    return requires {
        T{AnyValue{Numbers}...};
    };
}

template <class T, size_t Count = 1> constexpr size_t field_count() {
    if constexpr (!takes<T>(std::make_index_sequence<Count + 1>{}))
        return Count;
    else
        return field_count<T, Count + 1>();
}

} // namespace pileus::store
