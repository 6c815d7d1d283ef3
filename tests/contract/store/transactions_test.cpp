// SPDX-License-Identifier: Apache-2.0
#include "database.h"
#include "store/client_tokens.h"
#include "store/ledger.h"
#include "store/work.h"

#include <atomic>
#include <future>
#include <gmock/gmock.h>
#include <thread>

namespace pileus::store {
namespace {

using testing::HasSubstr;

class Transactions : public StoreContract {
  protected:
    std::optional<std::string> setting(const std::string& name) {
        return read([&](Transaction& tx) { return settings::get(tx, name); });
    }
};
INSTANTIATE_TEST_SUITE_P(Store, Transactions, testing::ValuesIn(kinds), name_of);

TEST_P(Transactions, ReadYourWrites) {
    write([](Transaction& tx) {
        settings::put(tx, "color", "blue");
        EXPECT_EQ(settings::get(tx, "color"), "blue") << "inside the body";
    });
    EXPECT_EQ(setting("color"), "blue");
    EXPECT_EQ(setting("size"), std::nullopt);
}

TEST_P(Transactions, ValueOfTheBodyComesBack) {
    const auto result = store_->write([](Transaction&) -> Result<std::string> { return "made"; });
    ASSERT_TRUE(result);
    EXPECT_EQ(*result, "made");
}

TEST_P(Transactions, EverythingIsThereAfterReopening) {
    write([](Transaction& tx) { settings::put(tx, "color", "blue"); });
    reopen();
    EXPECT_EQ(setting("color"), "blue");
}

TEST_P(Transactions, BodyThatReturnsAnErrorLeavesNoTrace) {
    const auto result = store_->write([](Transaction& tx) -> Result<void> {
        settings::put(tx, "color", "blue");
        work::enqueue(tx, "instance", "i-1", "host", Time{});
        return fail("InvalidParameterValue", "no");
    });
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, "InvalidParameterValue");
    EXPECT_EQ(setting("color"), std::nullopt);
    EXPECT_TRUE(read([](Transaction& tx) { return work::list(tx, 10); }).empty());
}

TEST_P(Transactions, ExceptionOfABodyReachesItsCallerAndLeavesNoTrace) {
    const auto body = [](Transaction& tx) -> Result<void> {
        settings::put(tx, "color", "blue");
        throw std::domain_error("odd");
    };
    EXPECT_THROW((void)store_->write(body), std::domain_error);
    EXPECT_EQ(setting("color"), std::nullopt);
    write([](Transaction& tx) { settings::put(tx, "after", "fine"); });
    EXPECT_EQ(setting("after"), "fine");
}

TEST_P(Transactions, RefusedStatementIsAStoreFailure) {
    const Scope scope{"1", "r"};
    const client_tokens::ClientToken token{"RunInstances", "t", "h", "r-1", Time{}};
    write([&](Transaction& tx) { client_tokens::insert(tx, scope, token); });
    const auto twice = [&](Transaction& tx) -> Result<void> {
        settings::put(tx, "color", "blue");
        client_tokens::insert(tx, scope, token);
        return {};
    };
    EXPECT_THROW((void)store_->write(twice), StoreFailure);
    EXPECT_EQ(setting("color"), std::nullopt) << "what came before it in the body is gone too";
}

TEST_P(Transactions, ReadBodyMayThrow) {
    const auto body = [](Transaction&) -> int { throw std::domain_error("odd"); };
    for (int i = 0; i < 20; ++i) // more often than there are readers: none may be lost
        EXPECT_THROW((void)store_->read(body), std::domain_error);
    EXPECT_EQ(setting("color"), std::nullopt);
}

TEST_P(Transactions, ReadSeesOneMoment) {
    write([](Transaction& tx) { settings::put(tx, "color", "blue"); });
    read([&](Transaction& tx) {
        EXPECT_EQ(settings::get(tx, "color"), "blue");
        std::thread([&] {
            write([](Transaction& other) { settings::put(other, "color", "red"); });
        }).join();
        EXPECT_EQ(settings::get(tx, "color"), "blue") << "a commit beside it shows in its snapshot";
        return 0;
    });
    EXPECT_EQ(setting("color"), "red");
}

TEST_P(Transactions, ReaderNeverSeesHalfABody) {
    write([](Transaction& tx) {
        settings::put(tx, "left", "0");
        settings::put(tx, "right", "0");
    });
    std::atomic<bool> done = false;
    std::thread writer([&] {
        for (int i = 1; i <= 300; ++i)
            write([&](Transaction& tx) {
                settings::put(tx, "left", std::to_string(i));
                settings::put(tx, "right", std::to_string(i));
            });
        done = true;
    });
    int reads = 0;
    while (!done) {
        const auto [left, right] = read([](Transaction& tx) {
            return std::pair{settings::get(tx, "left"), settings::get(tx, "right")};
        });
        ASSERT_EQ(left, right);
        ++reads;
    }
    writer.join();
    EXPECT_GT(reads, 0);
}

// Bodies run one after the other: each sees all before it, so that counting up loses nothing; and
// those that fail in between undo only themselves.
TEST_P(Transactions, SixtyFourThreadsShareTheWriter) {
    constexpr int threads = 64;
    constexpr int rounds = 20;
    std::atomic<int> refused = 0;
    std::vector<std::thread> writers;
    for (int thread = 0; thread < threads; ++thread)
        writers.emplace_back([&, thread] {
            for (int round = 0; round < rounds; ++round) {
                const bool wants_to_fail = (thread + round) % 5 == 0;
                const auto result = store_->write([&](Transaction& tx) -> Result<int> {
                    const int count = std::stoi(settings::get(tx, "count").value_or("0")) + 1;
                    settings::put(tx, "count", std::to_string(count));
                    settings::put(tx, "by-" + std::to_string(thread), std::to_string(round));
                    if (wants_to_fail)
                        return fail("Refused", "as planned");
                    return count;
                });
                EXPECT_EQ(result.has_value(), !wants_to_fail);
                if (!result)
                    ++refused;
            }
        });
    for (auto& writer : writers)
        writer.join();
    EXPECT_EQ(refused, threads * rounds / 5);
    EXPECT_EQ(setting("count"), std::to_string(threads * rounds - refused));
}

TEST_P(Transactions, LedgerNumbersAscendInTheOrderOfTheCommits) {
    std::vector<std::thread> writers;
    for (int thread = 0; thread < 8; ++thread)
        writers.emplace_back([&, thread] {
            for (int i = 0; i < 25; ++i)
                write([&](Transaction& tx) {
                    ledger::append(
                        tx, {.at = from_microseconds(i), .account_id = std::to_string(thread)});
                });
        });
    for (auto& writer : writers)
        writer.join();
    const auto all = read([](Transaction& tx) { return ledger::list(tx, 0, 1000); });
    ASSERT_EQ(all.size(), 200u);
    std::map<std::string, Time> last;
    for (size_t i = 0; i < all.size(); ++i) {
        EXPECT_EQ(all[i].sequence, static_cast<int64_t>(i) + 1);
        if (const auto before = last.find(all[i].account_id); before != last.end())
            EXPECT_LT(before->second, all[i].at);
        last[all[i].account_id] = all[i].at;
    }
}

TEST_P(Transactions, EngineIsWokenAfterTheCommitOfWorkAndOnlyThen) {
    std::atomic<int> woken = 0;
    store_->on_work([&] { ++woken; });
    write([](Transaction& tx) { settings::put(tx, "color", "blue"); });
    EXPECT_EQ(woken, 0);
    (void)store_->write([](Transaction& tx) -> Result<void> {
        work::enqueue(tx, "instance", "i-1", "host", Time{});
        return fail("Refused", "as planned");
    });
    EXPECT_EQ(woken, 0) << "that work was rolled back";
    write([](Transaction& tx) { work::enqueue(tx, "instance", "i-1", "host", Time{}); });
    for (int i = 0; i < 2000 && woken == 0; ++i) // the answer may come first
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    EXPECT_EQ(woken, 1);
}

TEST_P(Transactions, WritesThatWaitWhileItClosesAreStillDone) {
    std::vector<std::future<Result<void>>> answers;
    std::atomic<int> started = 0;
    for (int i = 0; i < 16; ++i)
        answers.push_back(std::async(std::launch::async, [&, i] {
            ++started;
            return store_->write([&](Transaction& tx) -> Result<void> {
                settings::put(tx, "n-" + std::to_string(i), "done");
                return {};
            });
        }));
    for (auto& answer : answers)
        EXPECT_TRUE(answer.get());
    reopen();
    for (int i = 0; i < 16; ++i)
        EXPECT_EQ(setting("n-" + std::to_string(i)), "done");
}

} // namespace
} // namespace pileus::store
