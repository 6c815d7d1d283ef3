// SPDX-License-Identifier: Apache-2.0
#include "database.h"
#include "store/work.h"

#include <atomic>
#include <gmock/gmock.h>
#include <random>
#include <set>
#include <thread>

namespace pileus::store {
namespace {

using namespace std::chrono_literals;
using domain::WorkItem;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr Time noon{std::chrono::seconds{1'700'000'000}};

class Work : public StoreContract {
  protected:
    void enqueue(const std::string& id, Time due, const std::string& host = "host") {
        write([&](Transaction& tx) { work::enqueue(tx, "instance", id, host, due); });
    }
    std::vector<WorkItem> lease(Time now, int limit = 10, const std::string& host = "host") {
        auto items = store_->write([&](Transaction& tx) -> Result<std::vector<WorkItem>> {
            return work::lease(tx, host, "worker", now, now + 60s, limit);
        });
        return *items;
    }
    std::vector<std::string>
    leased_ids(Time now, int limit = 10, const std::string& host = "host") {
        std::vector<std::string> ids;
        for (const auto& item : lease(now, limit, host))
            ids.push_back(item.resource_id);
        return ids;
    }
    WorkItem lease_one(Time now) {
        auto items = lease(now);
        EXPECT_THAT(items, SizeIs(1));
        return items.at(0);
    }
    void complete(const WorkItem& item) {
        write([&](Transaction& tx) { work::complete(tx, item); });
    }
    void retry(const WorkItem& item, Time due) {
        write([&](Transaction& tx) { work::retry(tx, item, due, "it did not work"); });
    }
    std::vector<WorkItem> all() {
        return read([](Transaction& tx) { return work::list(tx, 1000); });
    }
    std::optional<Time> next_due() {
        return read([](Transaction& tx) { return work::next_due(tx, "host"); });
    }
};
INSTANTIATE_TEST_SUITE_P(Store, Work, testing::ValuesIn(kinds), name_of);

TEST_P(Work, IsLeasedWhenItIsDueTheEarliestFirst) {
    enqueue("i-late", noon + 2s);
    enqueue("i-early", noon + 1s);
    enqueue("i-future", noon + 1h);
    EXPECT_THAT(leased_ids(noon), IsEmpty());
    EXPECT_THAT(leased_ids(noon + 5s), ElementsAre("i-early", "i-late"));
}

TEST_P(Work, OfAnotherHostIsNotLeased) {
    enqueue("i-1", noon, "other");
    EXPECT_THAT(leased_ids(noon), IsEmpty());
    EXPECT_THAT(leased_ids(noon, 10, "other"), ElementsAre("i-1"));
}

TEST_P(Work, LimitLeavesTheRestDue) {
    enqueue("i-1", noon);
    enqueue("i-2", noon + 1s);
    EXPECT_THAT(leased_ids(noon + 2s, 1), ElementsAre("i-1"));
    EXPECT_THAT(leased_ids(noon + 2s, 1), ElementsAre("i-2"));
    EXPECT_THAT(leased_ids(noon + 2s, 1), IsEmpty());
}

TEST_P(Work, IsOneItemAResourceWithTheEarlierTime) {
    enqueue("i-1", noon + 1h);
    enqueue("i-1", noon);
    enqueue("i-1", noon + 2h);
    ASSERT_THAT(all(), SizeIs(1));
    EXPECT_EQ(all()[0].due, noon);
    EXPECT_EQ(all()[0].generation, 3);
}

TEST_P(Work, IsGoneWhenItIsComplete) {
    enqueue("i-1", noon);
    complete(lease_one(noon));
    EXPECT_THAT(all(), IsEmpty());
    EXPECT_EQ(next_due(), std::nullopt);
}

TEST_P(Work, EnqueuedWhileItIsDoneIsDueAgainAtOnce) {
    enqueue("i-1", noon);
    const auto item = lease_one(noon);
    enqueue("i-1", noon + 1s);
    EXPECT_THAT(leased_ids(noon + 2s), IsEmpty()) << "its first lease still runs";
    complete(item);
    EXPECT_THAT(leased_ids(noon + 2s), ElementsAre("i-1"));
}

TEST_P(Work, EnqueuedForLaterWhileItIsDoneIsDueThen) {
    enqueue("i-1", noon);
    const auto item = lease_one(noon);
    enqueue("i-1", noon + 1h);
    complete(item);
    EXPECT_THAT(leased_ids(noon + 1s), IsEmpty());
    EXPECT_EQ(next_due(), noon + 1h);
    EXPECT_THAT(leased_ids(noon + 1h), ElementsAre("i-1"));
}

TEST_P(Work, RetryIsDueWhenItSaysAndKeepsTheError) {
    enqueue("i-1", noon);
    const auto first = lease_one(noon);
    EXPECT_EQ(first.attempts, 1);
    retry(first, noon + 10s);
    EXPECT_THAT(leased_ids(noon + 9s), IsEmpty());
    const auto second = lease_one(noon + 10s);
    EXPECT_EQ(second.attempts, 2);
    EXPECT_EQ(second.last_error, "it did not work");
}

TEST_P(Work, EnqueueStartsTheAttemptsAnewAndOvertakesARetry) {
    enqueue("i-1", noon);
    retry(lease_one(noon), noon + 1h);
    enqueue("i-1", noon + 1s);
    EXPECT_EQ(lease_one(noon + 1s).attempts, 1);
}

TEST_P(Work, EnqueuedWhileItFailsIsNotHeldBackByTheRetry) {
    enqueue("i-1", noon);
    const auto item = lease_one(noon);
    enqueue("i-1", noon + 1s);
    retry(item, noon + 1h);
    EXPECT_THAT(leased_ids(noon + 1s), ElementsAre("i-1"));
}

TEST_P(Work, LeaseThatRanOutPassesToAnotherAndTheFirstIsPowerless) {
    enqueue("i-1", noon);
    const auto slow = lease_one(noon);
    EXPECT_THAT(leased_ids(noon + 59s), IsEmpty());
    EXPECT_EQ(next_due(), noon + 60s);
    const auto second = lease_one(noon + 60s);
    complete(slow);
    EXPECT_THAT(all(), SizeIs(1)) << "the slow one removed what another is doing";
    retry(slow, noon);
    EXPECT_THAT(leased_ids(noon + 61s), IsEmpty()) << "the slow one gave another's lease back";
    complete(second);
    EXPECT_THAT(all(), IsEmpty());
}

TEST_P(Work, LeasesOfADaemonThatIsGoneAreGivenBack) {
    enqueue("i-1", noon);
    enqueue("i-2", noon, "other");
    const auto lost = lease_one(noon);
    (void)lease(noon, 10, "other");
    enqueue("i-1", noon + 1h); // asked for while the lost one had it
    reopen();
    write([](Transaction& tx) { work::release_leases(tx, "host"); });
    const auto again = lease_one(noon);
    EXPECT_EQ(again.resource_id, "i-1");
    EXPECT_THAT(leased_ids(noon, 10, "other"), IsEmpty()) << "another host's lease";
    complete(again);
    EXPECT_EQ(next_due(), noon + 1h) << "what was asked for later is still to be done";
}

TEST_P(Work, NextDueIsTheEarliest) {
    EXPECT_EQ(next_due(), std::nullopt);
    enqueue("i-1", noon + 2s);
    enqueue("i-2", noon + 1s);
    enqueue("i-3", noon, "other");
    EXPECT_EQ(next_due(), noon + 1s);
}

// Eight workers take, finish, fail and re-enqueue; producers keep asking. At no time do two workers
// have the same item, and every request is followed by a run that began after it.
TEST_P(Work, RacingWorkersLoseNothingAndShareNothing) {
    constexpr int resources = 10;
    std::atomic<int64_t> requested[resources]{};
    std::atomic<int64_t> seen[resources]{};
    std::atomic<int> working_on[resources]{};
    std::atomic<bool> producing = true;

    std::vector<std::thread> producers;
    for (int p = 0; p < 4; ++p)
        producers.emplace_back([&, p] {
            std::mt19937 random(static_cast<unsigned>(p));
            for (int i = 0; i < 60; ++i) {
                const auto resource = random() % resources;
                write([&](Transaction& tx) {
                    ++requested[resource]; // before the commit: a run that sees the item sees the
                                           // count
                    work::enqueue(tx, "instance", std::to_string(resource), "host", noon);
                });
            }
        });
    std::vector<std::thread> workers;
    for (int w = 0; w < 8; ++w)
        workers.emplace_back([&, w] {
            std::mt19937 random(100u + static_cast<unsigned>(w));
            while (true) {
                const bool last_round = !producing;
                const auto items = lease(noon, 2);
                if (items.empty() && last_round)
                    return;
                for (const auto& item : items) {
                    const auto resource = static_cast<size_t>(std::stoi(item.resource_id));
                    EXPECT_EQ(working_on[resource].fetch_add(1), 0)
                        << "two workers on one resource";
                    seen[resource] = requested[resource].load();
                    working_on[resource].fetch_sub(1);
                    if (random() % 4 == 0)
                        retry(item, noon);
                    else
                        complete(item);
                }
            }
        });
    for (auto& producer : producers)
        producer.join();
    producing = false;
    for (auto& worker : workers)
        worker.join();
    EXPECT_THAT(all(), IsEmpty());
    for (int resource = 0; resource < resources; ++resource)
        EXPECT_EQ(seen[resource], requested[resource]) << resource;
}

} // namespace
} // namespace pileus::store
