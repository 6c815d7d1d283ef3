// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "base/temporary_folder.h"
#include "base/text.h"
#include "drivers/volumes/qcow2/secret_sealer.h"

#include <gtest/gtest.h>

namespace pileus::drivers {
namespace {

TEST(SecretSealer, OpensWhatItSealedForThatNameOnly) {
    const TemporaryFolder folder;
    SystemRandom random;
    const auto sealer = SecretSealer::open(folder.path() / "key", random);
    ASSERT_TRUE(sealer);
    const auto sealed = sealer->seal("secret", "layer-1");
    EXPECT_EQ(*sealer->unseal(sealed, "layer-1"), "secret");
    EXPECT_FALSE(sealer->unseal(sealed, "layer-2"));
    EXPECT_NE(sealer->seal("secret", "layer-1"), sealed);

    const auto again = SecretSealer::open(folder.path() / "key", random);
    EXPECT_EQ(*again->unseal(sealed, "layer-1"), "secret");
    const auto other = SecretSealer::open(folder.path() / "other", random);
    EXPECT_FALSE(other->unseal(sealed, "layer-1"));
}

TEST(SecretSealer, EveryChangedByteIsNoticed) {
    const TemporaryFolder folder;
    SystemRandom random;
    const auto sealer = SecretSealer::open(folder.path() / "key", random);
    const auto sealed = *base64_decode(sealer->seal("secret", "layer-1"));
    for (size_t i = 0; i < sealed.size(); ++i) {
        auto changed = sealed;
        changed[i] = static_cast<char>(changed[i] ^ 1);
        EXPECT_FALSE(sealer->unseal(base64_encode(changed), "layer-1")) << i;
    }
    for (const auto* text : {"", "AAAA", "no base64!"})
        EXPECT_FALSE(sealer->unseal(text, "layer-1"));
}

TEST(SecretSealer, RefusesAFileThatIsNoKey) {
    const TemporaryFolder folder;
    SystemRandom random;
    ASSERT_TRUE(write_file_durably(folder.path() / "key", "short"));
    EXPECT_FALSE(SecretSealer::open(folder.path() / "key", random));
}

} // namespace
} // namespace pileus::drivers
