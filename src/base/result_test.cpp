// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

#include <gtest/gtest.h>
#include <memory>

namespace pileus {
namespace {

Result<std::unique_ptr<int>> half(int value) {
    if (value % 2 != 0)
        return fail("Odd", "cannot be halved");
    return std::make_unique<int>(value / 2);
}

Result<int> quarter(int value) {
    PILEUS_ASSIGN(const auto first, half(value));
    PILEUS_ASSIGN(const auto second, half(*first));
    return *second;
}

Result<void> check(bool fine) {
    if (!fine)
        return fail("Bad", "not fine");
    return {};
}

Result<int> checked(bool fine) {
    PILEUS_TRY(check(fine));
    return 1;
}

TEST(Result, AssignMovesTheValueOrReturnsTheError) {
    EXPECT_EQ(quarter(12), 3);
    EXPECT_EQ(quarter(6).error(), (Error{"Odd", "cannot be halved"}));
}

TEST(Result, TryReturnsTheError) {
    EXPECT_EQ(checked(true), 1);
    EXPECT_EQ(checked(false).error().code, "Bad");
}

} // namespace
} // namespace pileus
