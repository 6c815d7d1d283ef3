// SPDX-License-Identifier: Apache-2.0
#pragma once

// A fixed number of threads with a bounded queue: where handlers run. Owned by the Server. Any
// thread may submit.

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace pileus::http {

// A piece of work that can be moved but not copied.
class Task {
  public:
    virtual ~Task() = default;
    virtual void run() = 0;
};

template <class Function> class TaskOf final : public Task {
  public:
    explicit TaskOf(Function function) : function_(std::move(function)) {}
    void run() override { function_(); }

  private:
    Function function_;
};

template <class Function> std::unique_ptr<Task> make_task(Function function) {
    return std::make_unique<TaskOf<Function>>(std::move(function));
}

class WorkerPool {
  public:
    WorkerPool(size_t threads, size_t queue_limit);
    ~WorkerPool(); // join()
    WorkerPool(const WorkerPool&) = delete;
    WorkerPool& operator=(const WorkerPool&) = delete;

    // Reserves a place in the queue; false when it is full. Each success must be followed by one
    // submit().
    bool try_reserve();
    void submit(std::unique_ptr<Task> task);

    // Runs what is queued, then ends the threads.
    void join();

  private:
    void work();

    const size_t queue_limit_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::unique_ptr<Task>> queue_;
    size_t reserved_ = 0; // places, including those of queued tasks
    bool ended_ = false;
    std::vector<std::thread> threads_;
};

} // namespace pileus::http
