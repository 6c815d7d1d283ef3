// SPDX-License-Identifier: Apache-2.0
#include "cloud/cloud_fixture.h"
#include "cloud/key_pairs.h"
#include "store/tags.h"

namespace pileus::cloud {
namespace {

using testing::ElementsAre;
using testing::StartsWith;

constexpr auto ed25519_key =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHka6CGI4uo2lrI6WEACkrGYl4ZwGYz1Xod6XoN351kV me";

class KeyPairsTest : public CloudFixture {
  protected:
    std::vector<std::string> names(const KeyPairQuery& query) {
        std::vector<std::string> names;
        const auto described = keys_.describe(caller_, query);
        EXPECT_TRUE(described) << message_of(described);
        for (const auto& view : *described)
            names.push_back(view.key.name);
        std::sort(names.begin(), names.end());
        return names;
    }
    KeyPairs keys_{context_};
};

TEST_F(KeyPairsTest, KeepsThePublicHalfOnly) {
    const auto made = keys_.create(caller_, {"web", KeyType::ed25519});
    ASSERT_TRUE(made) << message_of(made);
    EXPECT_THAT(made->private_key, StartsWith("-----BEGIN OPENSSH PRIVATE KEY-----"));
    EXPECT_THAT(made->view.key.id, StartsWith("key-"));
    EXPECT_THAT(made->view.key.public_key, testing::EndsWith(" web"));
    EXPECT_EQ(made->view.key.type, "ed25519");
}

TEST_F(KeyPairsTest, NamesAreUniqueInAnAccountAndARegion) {
    ASSERT_TRUE(keys_.import_key(caller_, {"web", ed25519_key, {}}));
    EXPECT_EQ(code_of(keys_.import_key(caller_, {"web", ed25519_key, {}})),
              "InvalidKeyPair.Duplicate");
    EXPECT_EQ(code_of(keys_.create(caller_, {"web"})), "InvalidKeyPair.Duplicate");
    EXPECT_EQ(code_of(keys_.import_key(foreigner_, {"web", ed25519_key, {}})), "");
}

TEST_F(KeyPairsTest, ChecksNames) {
    const std::pair<std::string, std::string> cases[]{
        {"", "MissingParameter"},
        {std::string(256, 'a'), "InvalidParameterValue"},
        {" web", "InvalidParameterValue"},
        {"schl\xc3\xbcssel", "InvalidParameterValue"},
        {std::string(255, 'a'), ""},
    };
    for (const auto& [name, code] : cases)
        EXPECT_EQ(code_of(keys_.import_key(caller_, {name, ed25519_key, {}})), code) << name;
}

TEST_F(KeyPairsTest, DescribesByNameIdAndFilter) {
    const auto web =
        keys_.import_key(caller_, {"web", ed25519_key, {{"key-pair", {{"team", "a"}}}}});
    ASSERT_TRUE(web) << message_of(web);
    ASSERT_TRUE(keys_.import_key(caller_, {"db", ed25519_key, {}}));
    ASSERT_TRUE(keys_.import_key(foreigner_, {"other", ed25519_key, {}}));
    EXPECT_THAT(names({}), ElementsAre("db", "web"));
    EXPECT_THAT(names({.names = {"web"}}), ElementsAre("web"));
    EXPECT_THAT(names({.ids = {web->key.id}}), ElementsAre("web"));
    EXPECT_THAT(names({.filters = {{"tag:team", {"a"}}}}), ElementsAre("web"));
    EXPECT_THAT(names({.filters = {{"key-name", {"d*"}}}}), ElementsAre("db"));
    const auto missing = keys_.describe(caller_, {.names = {"web", "other"}});
    EXPECT_EQ(code_of(missing), "InvalidKeyPair.NotFound");
    EXPECT_EQ(message_of(missing), "The key pair 'other' does not exist");
}

TEST_F(KeyPairsTest, DeletingTwiceIsNoError) {
    const auto web =
        keys_.import_key(caller_, {"web", ed25519_key, {{"key-pair", {{"team", "a"}}}}});
    ASSERT_TRUE(web);
    EXPECT_EQ(keys_.erase(foreigner_, "", web->key.id).value(), std::nullopt);
    EXPECT_EQ(keys_.erase(caller_, "web", "").value(), web->key.id);
    EXPECT_EQ(keys_.erase(caller_, "web", "").value(), std::nullopt);
    EXPECT_EQ(code_of(keys_.erase(caller_, "", "")), "MissingParameter");
    EXPECT_TRUE(read([&](auto& tx) { return store::tags::list_of(tx, web->key.id); }).empty());
}

TEST_F(KeyPairsTest, DryRunMakesNothing) {
    EXPECT_EQ(code_of(keys_.create(dry(), {"web"})), "DryRunOperation");
    EXPECT_EQ(code_of(keys_.import_key(dry(), {"web", ed25519_key, {}})), "DryRunOperation");
    EXPECT_EQ(code_of(keys_.import_key(dry(), {"web", "nonsense", {}})), "InvalidKey.Format");
    EXPECT_TRUE(names({}).empty());
}

} // namespace
} // namespace pileus::cloud
