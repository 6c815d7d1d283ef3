// SPDX-License-Identifier: Apache-2.0
#include "cli/known_hosts.h"

#include <gtest/gtest.h>
#include <string>

namespace pileus::cli {
namespace {

const std::string block = "-----BEGIN SSH HOST KEY KEYS-----\r\n"
                          "ssh-ed25519 AAAAC3Nz root@ip-172-31-0-4\r\n"
                          "-----END SSH HOST KEY KEYS-----\r\n";

TEST(KnownHosts, NamesTheInstanceInPlaceOfTheComment) {
    EXPECT_EQ(known_hosts_from_console("boot\r\n" + block + "login:", "i-1"),
              "i-1 ssh-ed25519 AAAAC3Nz\n");
}

TEST(KnownHosts, TakesTheLastBlock) {
    const std::string later = "-----BEGIN SSH HOST KEY KEYS-----\nssh-rsa AAAAB3Nz x\n"
                              "-----END SSH HOST KEY KEYS-----\n";
    EXPECT_EQ(known_hosts_from_console(block + later, "i-1"), "i-1 ssh-rsa AAAAB3Nz\n");
}

TEST(KnownHosts, SkipsWhatTheKernelPrintedBeforeTheKey) {
    const std::string mixed = "-----BEGIN SSH HOST KEY KEYS-----\n"
                              "[   12.3] eth0: link up\n"
                              "[   12.4] cloud-init[9]: ecdsa-sha2-nistp256 AAAAE2Vj root@x\n"
                              "-----END SSH HOST KEY KEYS-----\n";
    EXPECT_EQ(known_hosts_from_console(mixed, "i-1"), "i-1 ecdsa-sha2-nistp256 AAAAE2Vj\n");
}

TEST(KnownHosts, RefusesWhatIsNoKeyOrNotWhole) {
    EXPECT_EQ(known_hosts_from_console("", "i-1"), "");
    EXPECT_EQ(known_hosts_from_console("ssh-ed25519 AAAAC3Nz", "i-1"), "");
    EXPECT_EQ(known_hosts_from_console(block.substr(0, block.find("-----END")), "i-1"), "");
    const std::string bad = "-----BEGIN SSH HOST KEY KEYS-----\nssh-ed25519 @cert-authority\n"
                            "ssh-ed25519 AAAA*\n-----END SSH HOST KEY KEYS-----\n";
    EXPECT_EQ(known_hosts_from_console(bad, "i-1"), "");
}

} // namespace
} // namespace pileus::cli
