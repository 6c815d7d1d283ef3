// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "engine/controller.h"
#include "store/store.h"

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace pileus::engine {

struct EngineOptions {
    std::string host_id;
    std::string owner; // of the leases: unique to this process
    int threads = 4;
    Duration lease = std::chrono::minutes{10};
    Duration retry_first = std::chrono::milliseconds{250}; // doubled with every attempt
    Duration retry_longest = std::chrono::seconds{30};
};

// Runs the controllers. Owned by the daemon's root; start() after the drivers have recovered,
// stop() before they go. wake() and look_at() may be called from any thread and return at once.
// Nothing is kept here: a killed engine's work is leased again by the next.
class Engine {
  public:
    Engine(store::Store& store,
           const Clock& clock,
           EngineOptions options,
           std::vector<Controller*> controllers);
    ~Engine();

    void start();
    void stop(); // waits for the steps under way

    // Something was enqueued.
    void wake();
    // A driver saw that something about this resource changed: it becomes due.
    void look_at(const std::string& kind, const std::string& resource_id);

    // Leases what is due and does it in this thread, until nothing is due. For tests and the
    // simulator.
    int run_due();

  private:
    void run_thread();
    void enqueue_noted();
    std::optional<domain::WorkItem> lease_one();
    void work_on(const domain::WorkItem& item);
    void finish(const domain::WorkItem& item, const Result<Outcome>& outcome);
    Duration pause_before_retry(int attempts) const;
    void wait_for_work(uint64_t seen);

    store::Store& store_;
    const Clock& clock_;
    const EngineOptions options_;
    std::map<std::string, Controller*, std::less<>> controllers_;

    std::mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ = false;
    uint64_t wakes_ = 0; // counts, so that a wake between two looks is not lost
    std::set<std::pair<std::string, std::string>> noted_; // (kind, id) from look_at()
    std::vector<std::thread> threads_;
};

} // namespace pileus::engine
