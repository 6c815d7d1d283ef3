// SPDX-License-Identifier: Apache-2.0
#include "drivers/hypervisor/qemu/hardware.h"

#include <gtest/gtest.h>

namespace pileus::drivers {
namespace {

const Acceleration tcg{"tcg", false, ""};
const Acceleration kvm{"kvm", true, ""};

TEST(Hardware, NamesItsVersion) {
    const auto current = parse_hardware("", tcg);
    ASSERT_TRUE(current);
    EXPECT_EQ(current->machine, "pc-q35-7.2");
    EXPECT_TRUE(current->cpu.starts_with("qemu64,"));
    EXPECT_EQ(current_hardware_of(kvm), "pc-q35-7.2 host");
}

TEST(Hardware, IsKeptAsItWas) {
    for (const auto& acceleration : {tcg, kvm}) {
        const auto kept = parse_hardware("pc-q35-6.1 qemu64,+ssse3", acceleration);
        ASSERT_TRUE(kept);
        EXPECT_EQ(kept->machine, "pc-q35-6.1");
        EXPECT_EQ(kept->cpu, "qemu64,+ssse3");
    }
}

TEST(Hardware, TheHostsOwnCpuNeedsKvm) {
    EXPECT_EQ(parse_hardware("pc-q35-7.2 host", kvm)->cpu, "host");
    EXPECT_TRUE(parse_hardware("pc-q35-7.2 host", tcg)->cpu.starts_with("qemu64,"));
}

TEST(Hardware, TextThatIsNoneIsRefused) {
    for (const auto* text : {" ",
                             "pc-q35-7.2",
                             "pc-q35-7.2 ",
                             "pc-i440fx-7.2 qemu64",
                             "pc-q35-7.2,usb=on qemu64",
                             "pc-q35-7.2 qemu64;reboot",
                             "pc-q35-7.2 qemu64 -monitor"})
        EXPECT_EQ(parse_hardware(text, tcg).error().code, errors::invalid) << text;
}

} // namespace
} // namespace pileus::drivers
