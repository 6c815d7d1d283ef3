// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/sqlite_store.h"

#include "base/file.h"
#include "base/log.h"
#include "store/migrations.h"
#include "store/sqlite/limits.h"

#include <algorithm>
#include <fcntl.h>
#include <fmt/core.h>
#include <sqlite3.h>

namespace pileus::store {

namespace {

// User data may hold secrets: the file is the daemon's alone, and SQLite gives its log the same
// mode.
void create_private_file(const std::string& path) {
    UniqueFd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
}

// A full disk is found while writing, before the commit could be half done: the next write may try
// again.
bool may_try_again(const StoreFailure& failure) {
    const auto* sqlite = dynamic_cast<const SqliteFailure*>(&failure);
    return sqlite != nullptr && (sqlite->code() & 0xff) == SQLITE_FULL;
}

} // namespace

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(const SqliteOptions& options,
                                                       const Clock& clock) {
    const auto folder = std::filesystem::path(options.path).parent_path();
    if (!folder.empty())
        PILEUS_TRY(make_directories(folder));
    PILEUS_ASSIGN(auto lock, OwnerLock::take(options.path + ".lock"));
    try {
        create_private_file(options.path);
        auto writer = std::make_unique<SqliteConnection>(
            options.path, SqliteConnection::Mode::read_write, options.vfs);
        PILEUS_TRY(migrate(*writer, migrations(), clock.now()));
        return std::unique_ptr<SqliteStore>(
            new SqliteStore(options, std::move(lock), std::move(writer)));
    } catch (const StoreFailure& failure) {
        return fail(errors::unavailable, fmt::format("{}: {}", options.path, failure.what()));
    }
}

SqliteStore::SqliteStore(SqliteOptions options,
                         OwnerLock lock,
                         std::unique_ptr<SqliteConnection> writer)
    : options_(std::move(options)), lock_(std::move(lock)), writer_(std::move(writer)),
      writer_thread_([this] { write_loop(); }) {}

SqliteStore::~SqliteStore() {
    {
        const std::lock_guard guard(write_mutex_);
        closing_ = true;
    }
    write_waits_.notify_all();
    writer_thread_.join();
}

void SqliteStore::on_work(std::function<void()> callback) {
    on_work_ = std::move(callback);
}

SqliteStore::Counters SqliteStore::counters() const {
    const std::lock_guard guard(write_mutex_);
    return counters_;
}

// --- writing ---

void SqliteStore::write_erased(const std::function<bool(Transaction&)>& body) {
    if (std::this_thread::get_id() == writer_thread_.get_id())
        throw std::logic_error(
            "a body of Store::write called Store::write: it would wait for itself");
    Request request{body};
    auto answered = request.answered.get_future();
    {
        std::unique_lock lock(write_mutex_);
        queue_has_room_.wait(lock, [&] { return queue_.size() < limits::waiting_writes; });
        queue_.push_back(&request);
    }
    write_waits_.notify_one();
    answered.get();
}

void SqliteStore::write_loop() {
    while (Request* first = next_request(true)) {
        write_group(*first);
        checkpoint_if_due();
    }
}

// The request that has waited longest; null when there is none (and none will come).
SqliteStore::Request* SqliteStore::next_request(bool wait) {
    std::unique_lock lock(write_mutex_);
    if (wait)
        write_waits_.wait(lock, [&] { return closing_ || !queue_.empty(); });
    if (queue_.empty())
        return nullptr;
    Request* const request = queue_.front();
    queue_.pop_front();
    queue_has_room_.notify_one();
    return request;
}

void SqliteStore::write_group(Request& first) {
    Group group{&first};
    if (!broken_.empty())
        return refuse(group, broken_);

    work_enqueued_ = false;
    try {
        writer_->run_script("BEGIN IMMEDIATE");
        run_in_savepoint(first);
        // Those that came while the bodies ran share the commit.
        while (group.size() < limits::writes_per_commit) {
            Request* const next = next_request(false);
            if (next == nullptr)
                break;
            group.push_back(next);
            run_in_savepoint(*next);
        }
        commit(group);
    } catch (const StoreFailure& failure) {
        if (!may_try_again(failure))
            broken_ = fmt::format("the store stopped writing: {}", failure.what());
        log_error("a commit failed",
                  {{"why", failure.what()}, {"writes", std::to_string(group.size())}});
        try {
            if (writer_->in_transaction())
                writer_->run_script("ROLLBACK");
        } catch (const StoreFailure& second) {
            broken_ = fmt::format("the store stopped writing: {}", second.what());
        }
        refuse(group, failure.what());
    }
}

// Runs one body so that its failure undoes only its own part. Throws when the whole transaction
// cannot go on.
void SqliteStore::run_in_savepoint(Request& request) {
    static constexpr std::span<const Parameter> none;
    writer_->run("SAVEPOINT body", none, nullptr);
    bool keep = false;
    Transaction transaction(*writer_);
    try {
        keep = request.body(transaction);
    } catch (const SqliteFailure& failure) {
        // A full disk or an I/O error has rolled everything back: nobody of the group may be told
        // "done".
        if (!writer_->in_transaction())
            throw;
        request.thrown = std::current_exception();
    } catch (...) {
        request.thrown = std::current_exception();
    }
    const bool noted = writer_->take_work_noted();
    if (keep)
        work_enqueued_ = work_enqueued_ || noted;
    else
        writer_->run("ROLLBACK TO body", none, nullptr);
    writer_->run("RELEASE body", none, nullptr);
}

void SqliteStore::commit(const Group& group) {
    writer_->run("COMMIT", {}, nullptr);
    {
        const std::lock_guard guard(write_mutex_);
        ++counters_.commits;
        counters_.bodies += static_cast<int64_t>(group.size());
    }
    for (Request* const request : group)
        answer(*request, request->thrown);
    if (work_enqueued_ && on_work_)
        on_work_();
}

// The request lives on the stack of a caller that goes on at once: what is needed of it is taken
// first.
void SqliteStore::answer(Request& request, std::exception_ptr thrown) {
    auto answered = std::move(request.answered);
    if (thrown)
        answered.set_exception(std::move(thrown));
    else
        answered.set_value();
}

void SqliteStore::refuse(const Group& group, const std::string& reason) {
    for (Request* const request : group)
        answer(*request, std::make_exception_ptr(StoreFailure(reason)));
}

// Between commits, so that no answer waits for it: when nobody writes, or when the log has become
// long.
void SqliteStore::checkpoint_if_due() {
    const int limit = has_waiting() ? limits::log_pages_when_busy : limits::log_pages_when_idle;
    if (!broken_.empty() || writer_->log_pages() < limit)
        return;
    try {
        writer_->checkpoint();
    } catch (const StoreFailure& failure) {
        if (!may_try_again(failure))
            broken_ = fmt::format("the store stopped writing: {}", failure.what());
        log_error("a checkpoint failed", {{"why", failure.what()}});
    }
}

bool SqliteStore::has_waiting() const {
    const std::lock_guard guard(write_mutex_);
    return !queue_.empty();
}

// --- reading ---

// A reader's connection for the time of one body. It is kept for the next only when all went well:
// otherwise nobody knows what state it is in.
class SqliteStore::LentReader {
  public:
    explicit LentReader(SqliteStore& store) : store_(store), connection_(store.take_reader()) {}
    LentReader(const LentReader&) = delete;
    LentReader& operator=(const LentReader&) = delete;
    ~LentReader() { store_.give_back(keep_ ? std::move(connection_) : nullptr); }

    SqliteConnection& connection() {
        if (!connection_)
            connection_ = std::make_unique<SqliteConnection>(
                store_.options_.path, SqliteConnection::Mode::read_only, store_.options_.vfs);
        return *connection_;
    }
    void keep() { keep_ = true; }

  private:
    SqliteStore& store_;
    std::unique_ptr<SqliteConnection> connection_;
    bool keep_ = false;
};

void SqliteStore::read_erased(const std::function<void(Transaction&)>& body) {
    LentReader lent(*this);
    auto& reader = lent.connection();
    reader.run("BEGIN", {}, nullptr); // the snapshot is taken by the first statement
    Transaction transaction(reader);
    body(transaction);
    reader.run("COMMIT", {}, nullptr);
    lent.keep();
}

// An idle connection, or null: then the caller opens one.
std::unique_ptr<SqliteConnection> SqliteStore::take_reader() {
    std::unique_lock lock(read_mutex_);
    reader_returned_.wait(lock, [&] { return readers_lent_ < options_.reader_count; });
    ++readers_lent_;
    if (idle_readers_.empty())
        return nullptr;
    auto reader = std::move(idle_readers_.back());
    idle_readers_.pop_back();
    return reader;
}

void SqliteStore::give_back(std::unique_ptr<SqliteConnection> reader) {
    {
        const std::lock_guard guard(read_mutex_);
        --readers_lent_;
        if (reader)
            idle_readers_.push_back(std::move(reader));
    }
    reader_returned_.notify_one();
}

} // namespace pileus::store
