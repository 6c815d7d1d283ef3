// SPDX-License-Identifier: Apache-2.0
#include "daemon/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pileus::daemon {
namespace {

using testing::HasSubstr;

TEST(Config, IsSaneWithoutAFile) {
    const auto config = parse_config("", default_config());
    ASSERT_TRUE(config);
    EXPECT_EQ(config->port, 4566);
    EXPECT_EQ(config->address, "127.0.0.1");
    ASSERT_EQ(config->cloud.regions.size(), 1u);
    EXPECT_EQ(config->cloud.regions[0].zones[2].name, "us-east-1c");
    EXPECT_EQ(config->cloud.regions[0].zones[2].id, "use1-az3");
}

TEST(Config, ReadsEveryKind) {
    const auto config = parse_config(R"(
regions = ["eu-west-1", "ap-southeast-2"]
[api]
port = 5000
[network]
egress = false
public_pool = "127.70.0.0/16"
ipv6_pool = "2001:db8::/40"
public_link = "br0"
[limits]
vpcs = 7
[instances]
stop_timeout_seconds = 7
[host]
cpu_overcommit = 2
[import]
folder = "/srv/disks"
url_prefixes = ["https://images.example.org/debian/"]
[[credentials]]
access_key_id = "A"
secret_access_key = "s"
account_id = "111122223333"
user = "alice"
[[images]]
id = "ami-1"
)",
                                     default_config());
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->port, 5000);
    EXPECT_FALSE(config->egress);
    EXPECT_EQ(config->cloud.public_pool.str(), "127.70.0.0/16");
    EXPECT_EQ(config->cloud.ipv6_pool.str(), "2001:db8::/40");
    EXPECT_EQ(config->public_link, "br0");
    EXPECT_EQ(config->cloud.limits.vpcs, 7);
    EXPECT_EQ(config->cloud.stop_timeout, std::chrono::seconds{7});
    EXPECT_EQ(config->cloud.host.cpu_overcommit, 2.0);
    EXPECT_EQ(config->cloud.regions[1].zones[0].id, "apse2-az1");
    EXPECT_EQ(config->credentials[0].arn, "arn:aws:iam::111122223333:user/alice");
    EXPECT_EQ(config->declared_images[0].name, "ami-1");
}

TEST(Config, NamesWhatIsWrong) {
    const std::pair<const char*, const char*> cases[] = {
        {"colour = 1", "colour: there is no such key"},
        {"[api]\nport = \"x\"", "api.port"},
        {"[api]\nport = 70000", "api.port: expected a number from 0 to 65535"},
        {"[network]\npublic_pool = \"127.0.0.0\"", "network.public_pool"},
        {"[network]\nipv6_pool = \"fd00::/60\"", "network.ipv6_pool"},
        {"[limits]\nvpcs = 0", "limits.vpcs: expected a number from 1"},
        {"[hypervisor]\nkind = \"xen\"", "hypervisor.kind: expected one of"},
        {"regions = []", "regions"},
        {"[[credentials]]\naccess_key_id = \"A\"", "credentials"},
        {"[api]\ntls_key = \"k.pem\"", "tls_certificate and tls_key go together"},
        {"x = [", "line 1"},
    };
    for (const auto& [text, message] : cases) {
        const auto config = parse_config(text, default_config());
        ASSERT_FALSE(config) << text;
        EXPECT_THAT(config.error().message, HasSubstr(message)) << text;
    }
}

TEST(Config, TakesOnlyUrlPrefixesThatEndTheirHost) {
    for (const char* prefix : {"https://images.example.org",
                               "https:///disks/",
                               "https://somebody@images.example.org/",
                               "file:///",
                               "images.example.org/"}) {
        const auto config = parse_config(
            std::string("[import]\nurl_prefixes = [\"") + prefix + "\"]\n", default_config());
        ASSERT_FALSE(config) << prefix;
        EXPECT_THAT(config.error().message, HasSubstr("import.url_prefixes"));
    }
}

} // namespace
} // namespace pileus::daemon
