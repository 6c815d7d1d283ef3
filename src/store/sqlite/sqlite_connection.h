// SPDX-License-Identifier: Apache-2.0
#pragma once

// One SQLite connection with its prepared statements. One thread at a time; owned by the store.

#include "store/connection.h"

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace pileus::store {

// What SQLite said, for those who must tell a full disk from a broken one.
class SqliteFailure final : public StoreFailure {
  public:
    SqliteFailure(const std::string& message, int code) : StoreFailure(message), code_(code) {}
    int code() const { return code_; } // extended result code

  private:
    int code_;
};

class SqliteConnection final : public Connection {
  public:
    enum class Mode { read_write, read_only };

    // `vfs` names another file layer, as tests of failing disks do; "" is the system's.
    SqliteConnection(const std::string& path, Mode mode, const std::string& vfs);
    ~SqliteConnection() override;

    int64_t run(std::string_view sql,
                std::span<const Parameter> parameters,
                const RowHandler& on_row) override;
    void run_script(std::string_view sql) override;

    // False when SQLite has rolled the transaction back by itself (disk full, I/O error) or none
    // was begun.
    bool in_transaction() const;
    // Pages in the write-ahead log after the last commit.
    int log_pages() const { return log_pages_; }
    // Copies what it can of the log into the database without waiting for readers.
    void checkpoint();

  private:
    struct Prepared;
    struct TextHash {
        using is_transparent = void;
        size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>{}(text);
        }
    };
    struct Close {
        void operator()(sqlite3* database) const;
    };

    Prepared& prepare(std::string_view sql);
    [[noreturn]] void fail(std::string_view doing, std::string_view sql) const;
    static int on_commit_to_log(void* self, sqlite3*, const char*, int pages);

    std::unique_ptr<sqlite3, Close> database_;
    std::unordered_map<std::string, std::unique_ptr<Prepared>, TextHash, std::equal_to<>> prepared_;
    int log_pages_ = 0;
};

} // namespace pileus::store
