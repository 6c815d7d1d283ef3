// SPDX-License-Identifier: Apache-2.0
#pragma once

// The Store of one machine: one SQLite file in WAL mode. Made by the composition root, used by any
// thread, survives everything that it acknowledged. One thread writes: the bodies that wait run one
// after the other, each in a savepoint, and share one commit; they are answered after it reached
// the disk. Readers have connections of their own and see the last commit.
//
// After a commit that failed for another reason than a full disk nobody knows what the disk holds:
// the store refuses all further writes until it is opened again.

#include "base/clock.h"
#include "store/sqlite/owner_lock.h"
#include "store/sqlite/sqlite_connection.h"
#include "store/store.h"

#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace pileus::store {

struct SqliteOptions {
    std::string path; // its folder is made when it is missing; path + ".lock" names the owner
    int reader_count =
        4;           // reads at the same time; each connection is opened when it is first needed
    std::string vfs; // another file layer of SQLite, for tests of failing disks
};

class SqliteStore final : public Store {
  public:
    // Locks, opens and migrates the database.
    static Result<std::unique_ptr<SqliteStore>> open(const SqliteOptions& options,
                                                     const Clock& clock);
    ~SqliteStore() override; // what waits is still written

    void on_work(std::function<void()> callback) override;

    // How many commits were made, and for how many bodies: their ratio is the grouping.
    struct Counters {
        int64_t commits = 0;
        int64_t bodies = 0;
    };
    Counters counters() const;

  protected:
    void write_erased(const std::function<bool(Transaction&)>& body) override;
    void read_erased(const std::function<void(Transaction&)>& body) override;

  private:
    // A caller that waits in write_erased; lives on its stack.
    struct Request {
        const std::function<bool(Transaction&)>& body;
        std::exception_ptr thrown = nullptr;
        std::promise<void> answered{};
    };
    using Group = std::vector<Request*>;

    SqliteStore(SqliteOptions options, OwnerLock lock, std::unique_ptr<SqliteConnection> writer);

    void write_loop();
    Request* next_request(bool wait);
    void write_group(Request& first);
    void run_in_savepoint(Request& request);
    void commit(const Group& group);
    static void answer(Request& request, std::exception_ptr thrown);
    void refuse(const Group& group, const std::string& reason);
    void checkpoint_if_due();
    bool has_waiting() const;

    class LentReader;
    std::unique_ptr<SqliteConnection> take_reader();
    void give_back(std::unique_ptr<SqliteConnection> reader);

    const SqliteOptions options_;
    const OwnerLock lock_;
    std::function<void()> on_work_;

    mutable std::mutex write_mutex_;
    std::condition_variable write_waits_;
    std::condition_variable queue_has_room_;
    std::deque<Request*> queue_;
    bool closing_ = false;
    Counters counters_;

    // The writer thread's own.
    std::unique_ptr<SqliteConnection> writer_;
    std::string broken_; // why no write is accepted any more; "" while all is well
    bool work_enqueued_ = false;

    std::mutex read_mutex_;
    std::condition_variable reader_returned_;
    std::vector<std::unique_ptr<SqliteConnection>> idle_readers_;
    int readers_lent_ = 0;

    std::thread writer_thread_; // last: it uses all of the above
};

} // namespace pileus::store
