// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "drivers/hypervisor/qemu/agent_messages.h"

#include <gtest/gtest.h>

namespace pileus::drivers {
namespace {

using Kind = AgentMessage::Kind;

TEST(AgentMessages, AreWhatTheySayAndNothingElse) {
    const std::string boot_id = "0f0e0d0c-0b0a-4908-8706-050403020100";
    const std::string machine_id = "00112233445566778899aabbccddeeff";
    const struct {
        std::string line;
        Kind kind;
    } cases[] = {
        {"hello 1 0.1", Kind::hello},
        {"hello 2 0.1", Kind::unknown},
        {"hello", Kind::unknown},
        {"ready " + boot_id + " " + machine_id, Kind::ready},
        {"ready - -", Kind::ready},
        {"ready", Kind::unknown},
        {"applied", Kind::applied},
        {"applied yes", Kind::unknown},
        {"failed no disk", Kind::failed},
        {"failed", Kind::failed},
        {"", Kind::unknown},
        {"identity", Kind::unknown},
    };
    for (const auto& each : cases)
        EXPECT_EQ(parse_agent_message(each.line).kind, each.kind) << each.line;
    const auto ready = parse_agent_message("ready " + boot_id + " " + machine_id);
    EXPECT_EQ(ready.boot_id, boot_id);
    EXPECT_EQ(ready.machine_id, machine_id);
    EXPECT_EQ(parse_agent_message("ready - -").boot_id, "");
    EXPECT_EQ(parse_agent_message("ready 0F0E0D0C-0B0A-4908-8706-050403020100 x").boot_id, "");
    EXPECT_EQ(parse_agent_message("failed no \x1b[2Jdisk").why, "no ?[2Jdisk");
}

TEST(AgentMessages, ALineThatIsTooLongIsDroppedAlone) {
    AgentLineReader reader;
    reader.append("app");
    EXPECT_FALSE(reader.next());
    reader.append("lied\nnext");
    EXPECT_EQ(reader.next(), "applied");
    EXPECT_FALSE(reader.next());
    for (int i = 0; i < 100; ++i) {
        reader.append(std::string(1000, 'x'));
        EXPECT_FALSE(reader.next());
    }
    reader.append("\nready\n" + std::string(5000, 'y') + "\nagain\n");
    EXPECT_EQ(reader.next(), "ready");
    EXPECT_EQ(reader.next(), "again");
    EXPECT_FALSE(reader.next());
}

// The first of the test vectors of RFC 8032.
constexpr const char* host_key_seed =
    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";

GuestIdentity some_identity() {
    GuestIdentity identity;
    identity.instance_id = "i-0123456789abcdef0";
    identity.host_name = "ip-10-0-0-5";
    identity.ssh_keys = {"ssh-ed25519 AAAA a", "ssh-rsa BBBB b"};
    identity.host_key_seed = *hex_decode(host_key_seed);
    identity.machine_id = "00112233445566778899aabbccddeeff";
    identity.boot_id = "0f0e0d0c-0b0a-4908-8706-050403020100";
    identity.random_seed = "\x02";
    identity.address = "10.0.0.5";
    identity.prefix_length = 24;
    identity.gateway = "10.0.0.1";
    identity.dns_servers = {"10.0.0.2"};
    identity.mtu = 1450;
    return identity;
}

TEST(AgentMessages, AnIdentityIsLinesOfKeysAndValues) {
    const auto text = format_identity(some_identity(), "02:00:00:00:00:01", 1700000000123456789);
    ASSERT_TRUE(text);
    EXPECT_EQ(
        *text,
        "identity\n"
        "instance-id i-0123456789abcdef0\n"
        "host-name ip-10-0-0-5\n"
        "ssh-key ssh-ed25519 AAAA a\n"
        "ssh-key ssh-rsa BBBB b\n"
        "host-key-seed " +
            std::string(host_key_seed) +
            "\n"
            "host-key-public d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a\n"
            "machine-id 00112233445566778899aabbccddeeff\n"
            "boot-id 0f0e0d0c-0b0a-4908-8706-050403020100\n"
            "random-seed 02\n"
            "address 10.0.0.5/24\n"
            "gateway 10.0.0.1\n"
            "dns 10.0.0.2\n"
            "mtu 1450\n"
            "mac 02:00:00:00:00:01\n"
            "time-ns 1700000000123456789\n"
            "end\n");
}

TEST(AgentMessages, NoValueBecomesAnotherLine) {
    for (const auto& bad : {std::string("a\nend"), std::string("a\rb"), std::string("a\0b", 3)}) {
        auto identity = some_identity();
        identity.host_name = bad;
        EXPECT_FALSE(format_identity(identity, "02:00:00:00:00:01", 0)) << bad;
    }
    auto identity = some_identity();
    identity.host_key_seed.pop_back();
    EXPECT_FALSE(format_identity(identity, "02:00:00:00:00:01", 0));
    identity = some_identity();
    identity.ssh_keys = {std::string(agent_limits::line_bytes, 'k')};
    EXPECT_FALSE(format_identity(identity, "02:00:00:00:00:01", 0));
}

} // namespace
} // namespace pileus::drivers
