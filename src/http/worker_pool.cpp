// SPDX-License-Identifier: Apache-2.0
#include "http/worker_pool.h"

namespace pileus::http {

WorkerPool::WorkerPool(size_t threads, size_t queue_limit) : queue_limit_(queue_limit) {
    threads_.reserve(threads);
    for (size_t i = 0; i < threads; ++i)
        threads_.emplace_back(&WorkerPool::work, this);
}

WorkerPool::~WorkerPool() {
    join();
}

bool WorkerPool::try_reserve() {
    const std::lock_guard lock(mutex_);
    if (ended_ || reserved_ >= queue_limit_)
        return false;
    ++reserved_;
    return true;
}

void WorkerPool::submit(std::unique_ptr<Task> task) {
    {
        const std::lock_guard lock(mutex_);
        queue_.push_back(std::move(task));
    }
    wake_.notify_one();
}

void WorkerPool::join() {
    {
        const std::lock_guard lock(mutex_);
        ended_ = true;
    }
    wake_.notify_all();
    for (auto& thread : threads_)
        if (thread.joinable())
            thread.join();
}

void WorkerPool::work() {
    while (true) {
        std::unique_ptr<Task> task;
        {
            std::unique_lock lock(mutex_);
            wake_.wait(lock, [this] { return !queue_.empty() || (ended_ && reserved_ == 0); });
            if (queue_.empty())
                return;
            task = std::move(queue_.front());
            queue_.pop_front();
            --reserved_;
        }
        task->run();
    }
}

} // namespace pileus::http
