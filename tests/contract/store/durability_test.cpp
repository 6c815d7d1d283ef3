// SPDX-License-Identifier: Apache-2.0
// What was acknowledged survives kill -9 at any moment. (Power loss cannot be produced here:
// whether the disk keeps what it was told to sync is outside this test.)
#include "base/unique_fd.h"
#include "database.h"
#include "store/client_tokens.h"
#include "store/ledger.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <random>
#include <set>
#include <signal.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace pileus::store {
namespace {

constexpr int writers = 8;

// Each write puts the same number into two tables; its number goes down the pipe only after write()
// returned.
void write_for_ever(Store& store, int64_t first, int acknowledgements) {
    std::vector<std::thread> threads;
    for (int writer = 0; writer < writers; ++writer)
        threads.emplace_back([&store, first, writer, acknowledgements] {
            for (int64_t number = first + writer;; number += writers) {
                const auto result = store.write([&](Transaction& tx) -> Result<void> {
                    settings::put(tx, "n-" + std::to_string(number), std::string(300, 'x'));
                    ledger::append(tx, {.account_id = "1", .quantity = number});
                    return {};
                });
                if (!result || ::write(acknowledgements, &number, sizeof number) != sizeof number)
                    ::_exit(1);
            }
        });
    for (auto& thread : threads)
        thread.join();
}

class Durability : public testing::TestWithParam<Kind> {
  protected:
    // Runs a writer in a process of its own, kills it `after` its first acknowledgement, and
    // returns all of them.
    std::vector<int64_t> write_until_killed(int64_t first, std::chrono::microseconds after) {
        int ends[2];
        EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
        UniqueFd reading(ends[0]);
        UniqueFd writing(ends[1]);
        const pid_t child = ::fork();
        if (child == 0) {
            const auto store = database_.open();
            write_for_ever(*store, first, writing.get());
            ::_exit(0);
        }
        writing.reset();
        std::vector<int64_t> acknowledged;
        int64_t number = 0;
        if (::read(reading.get(), &number, sizeof number) == sizeof number)
            acknowledged.push_back(number);
        std::thread killer([&] {
            std::this_thread::sleep_for(after);
            ::kill(child, SIGKILL);
        });
        while (::read(reading.get(), &number, sizeof number) == sizeof number)
            acknowledged.push_back(number);
        killer.join();
        int status = 0;
        ::waitpid(child, &status, 0);
        EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
            << "the writer ended by itself";
        return acknowledged;
    }

    Database database_{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(Store, Durability, testing::ValuesIn(kinds), name_of);

TEST_P(Durability, NoAcknowledgedWriteIsLostByAKill) {
    constexpr int kills = 20;
    std::mt19937 random(20'261'123);
    std::set<int64_t> acknowledged;
    int64_t first = 1;
    for (int round = 0; round < kills; ++round) {
        const auto now_acknowledged =
            write_until_killed(first, std::chrono::microseconds(random() % 60'000));
        ASSERT_FALSE(now_acknowledged.empty());
        acknowledged.insert(now_acknowledged.begin(), now_acknowledged.end());

        const auto store = database_.open();
        std::set<int64_t> in_ledger;
        store->read([&](Transaction& tx) {
            for (const auto& event : ledger::list(tx, 0, 1'000'000))
                in_ledger.insert(event.quantity);
            for (const auto number : acknowledged)
                EXPECT_TRUE(in_ledger.count(number) == 1)
                    << "round " << round << " lost " << number;
            for (const auto number : in_ledger) // acknowledged or not: whole or not at all
                EXPECT_TRUE(settings::get(tx, "n-" + std::to_string(number)))
                    << "half of " << number;
            return 0;
        });
        first = *in_ledger.rbegin() + 1;
    }
    RecordProperty("acknowledged", static_cast<int>(acknowledged.size()));
    EXPECT_GT(acknowledged.size(), static_cast<size_t>(kills));
}

} // namespace
} // namespace pileus::store
