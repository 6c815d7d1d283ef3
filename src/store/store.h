// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>

namespace pileus::store {

class Connection; // store/connection.h: what the table files of this folder use

// The database cannot do its work (disk full, I/O error, connection lost). Thrown through cloud and
// engine to the top of the request or the work item, where it becomes InternalError: nothing was
// acknowledged.
class StoreFailure : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

// One transaction, lent to a body for the time of its call. The table files (store/instances.h …)
// take it as their first argument.
class Transaction {
  public:
    explicit Transaction(Connection& connection) : connection_(connection) {}
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    Connection& connection() { return connection_; }

  private:
    Connection& connection_;
};

// What the user asked for and what became of it, durably. Owned by the daemon's root; any thread
// may call it. write() runs the body with the only writer's transaction, one body after the other,
// and returns after the commit reached the disk: bodies that wait at the same time share one
// commit. A body that returns an error leaves no trace. Bodies do no I/O but the store's. read()
// runs on a snapshot, beside the writer and other readers.
class Store {
  public:
    virtual ~Store() = default;

    // Body: Result<T>(Transaction&).
    template <class Body> std::invoke_result_t<Body, Transaction&> write(Body&& body) {
        std::optional<std::invoke_result_t<Body, Transaction&>> result;
        write_erased([&](Transaction& tx) {
            result.emplace(body(tx));
            return result->has_value();
        });
        return std::move(*result);
    }

    // Body: T(Transaction&), T not void.
    template <class Body> std::invoke_result_t<Body, Transaction&> read(Body&& body) {
        std::optional<std::invoke_result_t<Body, Transaction&>> result;
        read_erased([&](Transaction& tx) { result.emplace(body(tx)); });
        return std::move(*result);
    }

    // Called after a commit in which work was enqueued (store/work.h). Set once, before the first
    // write.
    virtual void on_work(std::function<void()> callback) = 0;

  protected:
    // Runs the body in the next commit; false from the body rolls its part back. May call the body
    // only once.
    virtual void write_erased(const std::function<bool(Transaction&)>& body) = 0;
    virtual void read_erased(const std::function<void(Transaction&)>& body) = 0;
};

} // namespace pileus::store
