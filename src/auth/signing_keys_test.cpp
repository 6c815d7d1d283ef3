// SPDX-License-Identifier: Apache-2.0
#include "auth/signing_keys.h"
#include "base/text.h"

#include <gtest/gtest.h>
#include <thread>
#include <vector>

namespace pileus::auth {
namespace {

constexpr SigningScope scope{"20150830", "us-east-1", "iam"};
constexpr const char* secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

// RFC 4231, test cases 2 and 6; RFC 2202, test case 2.
TEST(Digest, AgreesWithPublishedVectors) {
    EXPECT_EQ(hex_encode(as_text(sha256(""))),
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(hex_encode(as_text(hmac_sha256("Jefe", "what do ya want for nothing?"))),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(
        hex_encode(as_text(hmac_sha256(std::string(131, '\xaa'),
                                       "Test Using Larger Than Block-Size Key - Hash Key First"))),
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    EXPECT_EQ(hex_encode(as_text(hmac_sha1("Jefe", "what do ya want for nothing?"))),
              "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
}

// The example of AWS's documentation.
TEST(SigningKey, IsDerivedAsDocumented) {
    EXPECT_EQ(hex_encode(as_text(derive_signing_key(secret, scope))),
              "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9");
}

TEST(SigningKeyCache, ReturnsTheDerivedKeyAndForgetsTheOldest) {
    SigningKeyCache cache(2);
    EXPECT_EQ(cache.get("A", secret, scope), derive_signing_key(secret, scope));
    EXPECT_EQ(cache.get("A", secret, scope), derive_signing_key(secret, scope));
    EXPECT_EQ(cache.size(), 1u);
    for (int i = 0; i < 100; ++i)
        cache.get("key" + std::to_string(i), secret, scope);
    EXPECT_EQ(cache.size(), 2u);
    EXPECT_EQ(cache.get("A", secret, scope), derive_signing_key(secret, scope));
}

TEST(SigningKeyCache, NoticesANewSecretOfTheSameKey) {
    SigningKeyCache cache(2);
    cache.get("A", secret, scope);
    EXPECT_EQ(cache.get("A", "changed", scope), derive_signing_key("changed", scope));
    EXPECT_EQ(cache.get("A", "changed", scope), derive_signing_key("changed", scope));
    EXPECT_EQ(cache.size(), 1u);
}

TEST(SigningKeyCache, MayBeUsedByManyThreads) {
    SigningKeyCache cache(4);
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
            for (int i = 0; i < 2000; ++i) {
                const auto id = "key" + std::to_string(i % 8);
                ASSERT_EQ(cache.get(id, id, scope), derive_signing_key(id, scope));
            }
        });
    threads.clear();
    EXPECT_LE(cache.size(), 4u);
}

} // namespace
} // namespace pileus::auth
