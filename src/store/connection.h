// SPDX-License-Identifier: Apache-2.0
#pragma once

// One connection to a database, as the table files of this folder see it: SQL text with $1, $2 …
// (the same for SQLite and PostgreSQL), parameters in, rows out. A connection belongs to one thread
// at a time; statements are prepared once per text and kept. Every failure is a StoreFailure.
// Integers are int64, booleans 0 and 1, times microseconds since 1970, enums their words on the
// wire (store/wire_enums.h).

#include "base/clock.h"
#include "store/store.h"
#include "store/wire_enums.h"

#include <array>
#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace pileus::store {

// Bytes that are not text.
struct Blob {
    std::string_view bytes;
};
using Parameter = std::variant<std::nullptr_t, int64_t, std::string_view, Blob>;

// The row that a query stands on; what text() returns is valid until the handler returns.
class Row {
  public:
    virtual bool is_null(int column) const = 0;
    virtual int64_t integer(int column) const = 0;
    virtual std::string_view text(int column) const = 0; // TEXT and BLOB

  protected:
    ~Row() = default;
};

class Connection {
  public:
    using RowHandler = std::function<void(const Row&)>;

    virtual ~Connection() = default;
    // Runs one statement and hands its rows to `on_row`; returns how many rows it changed. The
    // handler must not use the connection.
    virtual int64_t
    run(std::string_view sql, std::span<const Parameter> parameters, const RowHandler& on_row) = 0;
    // Several statements without parameters or results: migrations and BEGIN/COMMIT.
    virtual void run_script(std::string_view sql) = 0;

    // Work was enqueued in this transaction: its commit wakes the engine.
    void note_work() { work_noted_ = true; }
    bool take_work_noted() { return std::exchange(work_noted_, false); }

  private:
    bool work_noted_ = false;
};

// --- C++ values ↔ parameters and columns ---

template <class T>
concept WireEnum = std::is_enum_v<T>;

inline Parameter to_parameter(std::integral auto value) {
    return static_cast<int64_t>(value);
}
inline Parameter to_parameter(std::string_view text) {
    return text;
}
inline Parameter to_parameter(Blob blob) {
    return blob;
}
inline Parameter to_parameter(Time time) {
    return to_microseconds(time);
}
inline Parameter to_parameter(const std::optional<Time>& time) {
    return time ? to_parameter(*time) : Parameter{nullptr};
}
inline Parameter to_parameter(WireEnum auto value) {
    return to_wire(value);
}

template <std::integral T> void read_column(const Row& row, int column, T& out) {
    out = static_cast<T>(row.integer(column));
}
inline void read_column(const Row& row, int column, bool& out) {
    out = row.integer(column) != 0;
}
inline void read_column(const Row& row, int column, std::string& out) {
    out = row.text(column);
}
inline void read_column(const Row& row, int column, Time& out) {
    out = from_microseconds(row.integer(column));
}
inline void read_column(const Row& row, int column, std::optional<Time>& out) {
    if (row.is_null(column))
        out.reset();
    else
        out = from_microseconds(row.integer(column));
}
void read_column(const Row& row, int column, WireEnum auto& out) {
    out = from_wire<std::remove_reference_t<decltype(out)>>(row.text(column));
}

// --- Statements in one line ---

template <class... Values>
int64_t execute(Connection& connection, std::string_view sql, const Values&... values) {
    const std::array<Parameter, sizeof...(Values)> parameters{to_parameter(values)...};
    return connection.run(sql, parameters, nullptr);
}

// The first column of every row.
template <class T, class... Values>
std::vector<T> query_column(Connection& connection, std::string_view sql, const Values&... values) {
    const std::array<Parameter, sizeof...(Values)> parameters{to_parameter(values)...};
    std::vector<T> all;
    connection.run(
        sql, parameters, [&](const Row& row) { read_column(row, 0, all.emplace_back()); });
    return all;
}

// The first column of the first row.
template <class T, class... Values>
std::optional<T>
query_value(Connection& connection, std::string_view sql, const Values&... values) {
    auto all = query_column<T>(connection, sql, values...);
    if (all.empty())
        return std::nullopt;
    return std::move(all.front());
}

} // namespace pileus::store
