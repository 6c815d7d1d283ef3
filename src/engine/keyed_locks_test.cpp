// SPDX-License-Identifier: Apache-2.0
#include "engine/keyed_locks.h"

#include <atomic>
#include <gtest/gtest.h>
#include <thread>
#include <vector>

namespace pileus::engine {
namespace {

TEST(KeyedLocks, OneHolderForEachKeyAndKeysApart) {
    KeyedLocks locks;
    int counts[2] = {0, 0}; // each guarded by its key alone
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&, key = i % 2] {
            for (int n = 0; n < 5000; ++n) {
                const auto held = locks.hold(std::to_string(key));
                ++counts[key];
            }
        });
    for (auto& thread : threads)
        thread.join();
    EXPECT_EQ(counts[0], 10'000);
    EXPECT_EQ(counts[1], 10'000);
}

TEST(KeyedLocks, AnotherKeyIsFreeWhileOneIsHeld) {
    KeyedLocks locks;
    const auto one = locks.hold("a");
    const auto other = locks.hold("b"); // or this test never ends
    std::atomic<bool> passed = false;
    std::thread waiting;
    {
        const auto third = locks.hold("c");
        waiting = std::thread([&] {
            const auto held = locks.hold("c");
            passed = true;
        });
        EXPECT_FALSE(passed);
    }
    waiting.join();
    EXPECT_TRUE(passed);
}

} // namespace
} // namespace pileus::engine
