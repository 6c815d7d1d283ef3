// SPDX-License-Identifier: Apache-2.0
#pragma once

// Plain statements over one table, made from a list of its columns that is written once:
//
//     struct Columns {
//         static constexpr std::string_view table = "vpcs";
//         template <class Vpc, class Visitor> static void visit(Vpc& vpc, Visitor column) {
//             column("id", vpc.id); // the first column is the key
//             column("cidr_block", vpc.cidr_block);
//         }
//     };
//     using Rows = Table<domain::Vpc, Columns>;
//
// What follows FROM is written by the table file, with $1, $2 …

#include "store/connection.h"
#include "store/scope.h"

#include <fmt/format.h>

namespace pileus::store {

// Marks a string field whose column is a BLOB: column("user_data", Bytes{instance.user_data}).
template <class String> struct Bytes { String& value; };
template <class String> Bytes(String&) -> Bytes<String>;

template <class String> Parameter to_parameter(const Bytes<String>& bytes) {
    return Blob{bytes.value};
}
inline void read_column(const Row& row, int column, const Bytes<std::string>& out) {
    out.value = row.text(column);
}

template <class T, class Columns> class Table {
  public:
    static void insert(Transaction& tx, const T& value) {
        tx.connection().run(insert_sql(), parameters(value), nullptr);
    }

    // Writes all columns of the row that has the value's key. That there is none is a mistake of
    // the caller.
    static void update(Transaction& tx, const T& value) {
        const auto values = parameters(value);
        if (tx.connection().run(update_sql(), values, nullptr) == 0)
            throw StoreFailure(fmt::format("update of {}: there is no row '{}'",
                                           Columns::table,
                                           std::get<std::string_view>(values.front())));
    }

    static void erase(Transaction& tx, std::string_view key) {
        static const std::string sql =
            fmt::format("DELETE FROM {} WHERE {} = $1", Columns::table, names().front());
        execute(tx.connection(), sql, key);
    }

    template <class... Values>
    static std::vector<T> list(Transaction& tx, std::string_view where, const Values&... values) {
        const std::array<Parameter, sizeof...(Values)> bound{to_parameter(values)...};
        return list_bound(tx, where, bound);
    }

    static std::vector<T>
    list_bound(Transaction& tx, std::string_view where, std::span<const Parameter> bound) {
        return rows(tx, select_sql(where), bound);
    }

    // The rows that a statement ending in "RETURNING " changed.
    template <class... Values>
    static std::vector<T> returned(Transaction& tx, std::string_view sql, const Values&... values) {
        const std::array<Parameter, sizeof...(Values)> bound{to_parameter(values)...};
        return rows(tx, std::string(sql) + columns(), bound);
    }

    template <class... Values>
    static std::optional<T> find(Transaction& tx, std::string_view where, const Values&... values) {
        auto all = list(tx, where, values...);
        if (all.empty())
            return std::nullopt;
        return std::move(all.front());
    }

    static std::optional<T> find_by_key(Transaction& tx, std::string_view key) {
        static const std::string where = fmt::format("WHERE {} = $1", names().front());
        return find(tx, where, key);
    }

    // --- Of tables with the columns account_id and region ---

    static std::optional<T> find_in(Transaction& tx, const Scope& scope, std::string_view key) {
        static const std::string where =
            fmt::format("WHERE {} = $1 AND account_id = $2 AND region = $3", names().front());
        return find(tx, where, key, scope.account_id, scope.region);
    }

    static std::vector<T> list_page(Transaction& tx, const Scope& scope, const Page& page) {
        static const std::string where =
            fmt::format("WHERE account_id = $1 AND region = $2 AND {0} > $3 ORDER BY {0} LIMIT $4",
                        names().front());
        return list(tx, where, scope.account_id, scope.region, page.after_id, page.limit);
    }

    static int count_in(Transaction& tx, const Scope& scope) {
        static const std::string sql = fmt::format(
            "SELECT count(*) FROM {} WHERE account_id = $1 AND region = $2", Columns::table);
        return query_value<int>(tx.connection(), sql, scope.account_id, scope.region).value_or(0);
    }

  private:
    static std::vector<T>
    rows(Transaction& tx, const std::string& sql, std::span<const Parameter> bound) {
        std::vector<T> all;
        tx.connection().run(sql, bound, [&](const Row& row) {
            int index = 0;
            Columns::visit(all.emplace_back(), [&](std::string_view, auto&& field) {
                read_column(row, index++, field);
            });
        });
        return all;
    }

    // In their order, with commas.
    static const std::string& columns() {
        static const std::string text = fmt::format("{}", fmt::join(names(), ", "));
        return text;
    }

    static const std::vector<std::string>& names() {
        static const std::vector<std::string> all = [] {
            std::vector<std::string> collected;
            T value{};
            Columns::visit(value,
                           [&](std::string_view name, auto&&) { collected.emplace_back(name); });
            return collected;
        }();
        return all;
    }

    static std::vector<Parameter> parameters(const T& value) {
        std::vector<Parameter> all;
        all.reserve(names().size());
        Columns::visit(value,
                       [&](std::string_view, auto&& field) { all.push_back(to_parameter(field)); });
        return all;
    }

    static const std::string& insert_sql() {
        static const std::string sql = [] {
            std::vector<std::string> places;
            for (size_t i = 1; i <= names().size(); ++i)
                places.push_back(fmt::format("${}", i));
            return fmt::format("INSERT INTO {} ({}) VALUES ({})",
                               Columns::table,
                               columns(),
                               fmt::join(places, ", "));
        }();
        return sql;
    }

    static const std::string& update_sql() {
        static const std::string sql = [] {
            std::vector<std::string> assignments;
            for (size_t i = 1; i < names().size(); ++i)
                assignments.push_back(fmt::format("{} = ${}", names()[i], i + 1));
            return fmt::format("UPDATE {} SET {} WHERE {} = $1",
                               Columns::table,
                               fmt::join(assignments, ", "),
                               names().front());
        }();
        return sql;
    }

    static std::string select_sql(std::string_view where) {
        static const std::string select =
            fmt::format("SELECT {} FROM {} ", columns(), Columns::table);
        return select + std::string(where);
    }
};

} // namespace pileus::store
