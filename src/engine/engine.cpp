// SPDX-License-Identifier: Apache-2.0
#include "engine/engine.h"

#include "base/log.h"
#include "store/work.h"

#include <algorithm>

namespace pileus::engine {

Engine::Engine(store::Store& store,
               const Clock& clock,
               EngineOptions options,
               std::vector<Controller*> controllers)
    : store_(store), clock_(clock), options_(std::move(options)) {
    for (auto* controller : controllers)
        controllers_.emplace(controller->kind(), controller);
}

Engine::~Engine() {
    stop();
}

void Engine::start() {
    // Leases of the process before this one: it is gone, or we would not have the store.
    (void)store_.write([&](store::Transaction& tx) -> Result<void> {
        store::work::release_leases(tx, options_.host_id);
        return {};
    });
    for (int i = 0; i < options_.threads; ++i)
        threads_.emplace_back([this] { run_thread(); });
}

void Engine::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    for (auto& thread : threads_)
        thread.join();
    threads_.clear();
}

void Engine::wake() {
    {
        const std::lock_guard lock(mutex_);
        ++wakes_;
    }
    changed_.notify_one();
}

void Engine::look_at(const std::string& kind, const std::string& resource_id) {
    {
        const std::lock_guard lock(mutex_);
        noted_.emplace(kind, resource_id);
        ++wakes_;
    }
    changed_.notify_one();
}

void Engine::run_thread() {
    for (;;) {
        uint64_t seen = 0;
        {
            const std::lock_guard lock(mutex_);
            if (stopping_)
                return;
            seen = wakes_;
        }
        try {
            enqueue_noted();
            if (const auto item = lease_one()) {
                // There may be more: another thread looks while this one works.
                wake();
                work_on(*item);
            } else {
                wait_for_work(seen);
            }
        } catch (const std::exception& failure) {
            log_error("engine thread", {{"error", failure.what()}});
            clock_.sleep(options_.retry_first);
        }
    }
}

// Until something is due, or a wake came since `seen`.
void Engine::wait_for_work(uint64_t seen) {
    static constexpr Duration longest = std::chrono::seconds{5};
    const auto due = store_.read(
        [&](store::Transaction& tx) { return store::work::next_due(tx, options_.host_id); });
    const auto wait =
        due ? std::clamp<Duration>(*due - clock_.now(), std::chrono::milliseconds{1}, longest)
            : longest;
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, wait, [&] { return stopping_ || wakes_ != seen; });
}

void Engine::enqueue_noted() {
    std::set<std::pair<std::string, std::string>> noted;
    {
        const std::lock_guard lock(mutex_);
        noted.swap(noted_);
    }
    if (noted.empty())
        return;
    try {
        (void)store_.write([&](store::Transaction& tx) -> Result<void> {
            for (const auto& [kind, id] : noted)
                store::work::enqueue(tx, kind, id, options_.host_id, clock_.now());
            return {};
        });
    } catch (...) {
        // The machine's disk is full, say: what was seen is not forgotten.
        const std::lock_guard lock(mutex_);
        noted_.merge(noted);
        throw;
    }
}

std::optional<domain::WorkItem> Engine::lease_one() {
    const auto now = clock_.now();
    // Most looks find nothing, and a read is cheaper than a write.
    const auto due = store_.read(
        [&](store::Transaction& tx) { return store::work::next_due(tx, options_.host_id); });
    if (!due || *due > now)
        return std::nullopt;
    auto leased =
        store_.write([&](store::Transaction& tx) -> Result<std::vector<domain::WorkItem>> {
            return store::work::lease(
                tx, options_.host_id, options_.owner, now, now + options_.lease, 1);
        });
    if (!leased || leased->empty())
        return std::nullopt;
    return std::move(leased->front());
}

void Engine::work_on(const domain::WorkItem& item) {
    const auto controller = controllers_.find(item.kind);
    if (controller == controllers_.end()) {
        finish(item, fail(errors::internal, "no controller for work of kind " + item.kind));
        return;
    }
    try {
        finish(item, controller->second->reconcile(item));
    } catch (const std::exception& failure) {
        finish(item, fail(errors::internal, failure.what()));
    }
}

void Engine::finish(const domain::WorkItem& item, const Result<Outcome>& outcome) {
    if (!outcome)
        log_warning("work failed, will be tried again",
                    {{"kind", item.kind},
                     {"id", item.resource_id},
                     {"attempt", std::to_string(item.attempts + 1)},
                     {"code", outcome.error().code},
                     {"error", outcome.error().message}});
    (void)store_.write([&](store::Transaction& tx) -> Result<void> {
        if (!outcome)
            store::work::retry(tx,
                               item,
                               clock_.now() + pause_before_retry(item.attempts),
                               outcome.error().message);
        else if (outcome->look_again)
            store::work::retry(tx, item, *outcome->look_again, "");
        else
            store::work::complete(tx, item);
        return {};
    });
}

Duration Engine::pause_before_retry(int attempts) const {
    auto pause = options_.retry_first;
    for (int i = 0; i < attempts && pause < options_.retry_longest; ++i)
        pause *= 2;
    return std::min(pause, options_.retry_longest);
}

int Engine::run_due() {
    int done = 0;
    for (;;) {
        enqueue_noted();
        const auto item = lease_one();
        if (!item)
            return done;
        work_on(*item);
        ++done;
    }
}

} // namespace pileus::engine
