// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/sqlite_connection.h"

#include "base/text.h"

#include <fmt/core.h>
#include <sqlite3.h>

namespace pileus::store {

namespace {

// The table files have far fewer texts; this bounds the memory should one ever be built from input.
constexpr size_t prepared_limit = 512;
constexpr int busy_timeout_ms = 5000; // somebody looks at the file with another program

class SqliteRow final : public Row {
  public:
    explicit SqliteRow(sqlite3_stmt* statement) : statement_(statement) {}

    bool is_null(int column) const override {
        return sqlite3_column_type(statement_, column) == SQLITE_NULL;
    }
    int64_t integer(int column) const override { return sqlite3_column_int64(statement_, column); }
    std::string_view text(int column) const override {
        const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
        const auto size = static_cast<size_t>(sqlite3_column_bytes(statement_, column));
        return bytes == nullptr ? std::string_view{} : std::string_view{bytes, size};
    }

  private:
    sqlite3_stmt* statement_;
};

// SQLite keeps no copy: the caller's values live until the statement is reset. An empty view must
// not become NULL.
int bind(sqlite3_stmt* statement, int place, const Parameter& parameter) {
    struct Binder {
        sqlite3_stmt* statement;
        int place;

        int operator()(std::nullptr_t) const { return sqlite3_bind_null(statement, place); }
        int operator()(int64_t value) const { return sqlite3_bind_int64(statement, place, value); }
        int operator()(std::string_view text) const {
            return sqlite3_bind_text64(statement,
                                       place,
                                       text.data() == nullptr ? "" : text.data(),
                                       text.size(),
                                       SQLITE_STATIC,
                                       SQLITE_UTF8);
        }
        int operator()(Blob blob) const {
            return sqlite3_bind_blob64(statement,
                                       place,
                                       blob.bytes.data() == nullptr ? "" : blob.bytes.data(),
                                       blob.bytes.size(),
                                       SQLITE_STATIC);
        }
    };
    return std::visit(Binder{statement, place}, parameter);
}

} // namespace

struct SqliteConnection::Prepared {
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
    };
    std::unique_ptr<sqlite3_stmt, Finalize> statement;
    // "$2" is a name to SQLite, numbered by its first appearance: which parameter goes to which
    // place.
    std::vector<size_t> parameter_of_place;
};

namespace {

// Whatever happens to a query, its statement can be used again.
class ResetAfterwards {
  public:
    explicit ResetAfterwards(sqlite3_stmt* statement) : statement_(statement) {}
    ResetAfterwards(const ResetAfterwards&) = delete;
    ResetAfterwards& operator=(const ResetAfterwards&) = delete;
    ~ResetAfterwards() {
        sqlite3_reset(statement_);
        sqlite3_clear_bindings(statement_);
    }

  private:
    sqlite3_stmt* statement_;
};

} // namespace

void SqliteConnection::Close::operator()(sqlite3* database) const {
    sqlite3_close_v2(database);
}

SqliteConnection::SqliteConnection(const std::string& path, Mode mode, const std::string& vfs) {
    const int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                      (mode == Mode::read_write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                                                : SQLITE_OPEN_READONLY);
    sqlite3* opened = nullptr;
    const int code =
        sqlite3_open_v2(path.c_str(), &opened, flags, vfs.empty() ? nullptr : vfs.c_str());
    database_.reset(opened);
    if (code != SQLITE_OK)
        throw SqliteFailure(
            fmt::format("cannot open the database {}: {}", path, sqlite3_errstr(code)), code);

    sqlite3_busy_timeout(opened, busy_timeout_ms);
    run_script(
        "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY");
    if (mode == Mode::read_only)
        return;
    // FULL: a commit has reached the disk before it returns. Checkpoints are made by the store,
    // between commits.
    run_script(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; "
        "PRAGMA cache_size = -16384; "
        "PRAGMA journal_size_limit = 67108864");
    sqlite3_wal_hook(opened, &SqliteConnection::on_commit_to_log, this);
}

SqliteConnection::~SqliteConnection() {
    prepared_.clear();
}

int64_t SqliteConnection::run(std::string_view sql,
                              std::span<const Parameter> parameters,
                              const RowHandler& on_row) {
    auto& prepared = prepare(sql);
    sqlite3_stmt* const statement = prepared.statement.get();
    const ResetAfterwards reset(statement);

    for (size_t i = 0; i < prepared.parameter_of_place.size(); ++i) {
        const size_t wanted = prepared.parameter_of_place[i];
        if (wanted >= parameters.size())
            throw StoreFailure(fmt::format("parameter ${} is missing: {}", wanted + 1, sql));
        if (bind(statement, static_cast<int>(i) + 1, parameters[wanted]) != SQLITE_OK)
            fail("bind", sql);
    }

    const int64_t changes_before = sqlite3_total_changes64(database_.get());
    const SqliteRow row(statement);
    int code = sqlite3_step(statement);
    for (; code == SQLITE_ROW; code = sqlite3_step(statement))
        if (on_row)
            on_row(row);
    if (code != SQLITE_DONE)
        fail("run", sql);
    return sqlite3_total_changes64(database_.get()) - changes_before;
}

void SqliteConnection::run_script(std::string_view sql) {
    if (sqlite3_exec(database_.get(), std::string(sql).c_str(), nullptr, nullptr, nullptr) !=
        SQLITE_OK)
        fail("run", sql.substr(0, 80));
}

bool SqliteConnection::in_transaction() const {
    return sqlite3_get_autocommit(database_.get()) == 0;
}

void SqliteConnection::checkpoint() {
    int left = 0;
    int copied = 0;
    const int code = sqlite3_wal_checkpoint_v2(
        database_.get(), nullptr, SQLITE_CHECKPOINT_PASSIVE, &left, &copied);
    if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY)
        fail("checkpoint", "");
    // What a reader still needs of the log stays for the next time; a log that is copied whole
    // starts anew.
    log_pages_ = left > copied ? left - copied : 0;
}

SqliteConnection::Prepared& SqliteConnection::prepare(std::string_view sql) {
    if (const auto found = prepared_.find(sql); found != prepared_.end())
        return *found->second;

    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v3(database_.get(),
                                        sql.data(),
                                        static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT,
                                        &statement,
                                        nullptr);
    auto prepared = std::make_unique<Prepared>();
    prepared->statement.reset(statement);
    if (code != SQLITE_OK)
        fail("prepare", sql);
    for (int place = 1; place <= sqlite3_bind_parameter_count(statement); ++place) {
        const char* const name = sqlite3_bind_parameter_name(statement, place);
        const auto number = name != nullptr ? parse_int(name + 1) : std::nullopt;
        if (!number || *number < 1)
            throw StoreFailure(fmt::format("parameters are written $1, $2 …: {}", sql));
        prepared->parameter_of_place.push_back(static_cast<size_t>(*number - 1));
    }

    if (prepared_.size() >= prepared_limit)
        prepared_.clear();
    return *prepared_.emplace(std::string(sql), std::move(prepared)).first->second;
}

void SqliteConnection::fail(std::string_view doing, std::string_view sql) const {
    const int code = sqlite3_extended_errcode(database_.get());
    throw SqliteFailure(
        fmt::format(
            "SQLite cannot {}: {} (code {}) {}", doing, sqlite3_errmsg(database_.get()), code, sql),
        code);
}

int SqliteConnection::on_commit_to_log(void* self, sqlite3*, const char*, int pages) {
    static_cast<SqliteConnection*>(self)->log_pages_ = pages;
    return SQLITE_OK;
}

} // namespace pileus::store
