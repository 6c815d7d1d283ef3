// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "drivers/hypervisor/qemu/command_line.h"
#include "drivers/hypervisor/qemu/disk_nodes.h"

#include <algorithm>
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

namespace pileus::drivers {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

MachineSpec whole_spec() {
    MachineSpec spec;
    spec.instance_id = "i-0123456789abcdef0";
    spec.vcpus = 2;
    spec.memory_mib = 1024;
    spec.system_uuid = "ec2f0000-0000-4000-8000-000000000001";
    spec.instance_type = "t3.micro";
    spec.disks.push_back(
        {{"vol-0123456789abcdef0",
          {{"/s/volumes/vol.qcow2", "qcow2", false}, {"/s/snapshots/snap.qcow2", "qcow2", true}}},
         "vol0123456789abcdef0",
         true});
    spec.interfaces.push_back({"eni-0123456789abcdef0", "02:00:00:00:00:01", 1500, nullptr});
    return spec;
}

const Acceleration tcg{"tcg", false, ""};

std::vector<std::string> argv(const MachineSpec& spec, const Acceleration& acceleration = tcg) {
    const auto line = build_command_line(spec, acceleration, {});
    EXPECT_TRUE(line) << line.error().message;
    return line ? line->argv : std::vector<std::string>{};
}

// The value that follows the n-th `option`.
std::string
value_of(const std::vector<std::string>& arguments, const std::string& option, int n = 0) {
    for (size_t i = 0; i + 1 < arguments.size(); ++i)
        if (arguments[i] == option && n-- == 0)
            return arguments[i + 1];
    return "";
}

TEST(CommandLine, IsContainedAndBare) {
    const auto arguments = argv(whole_spec());
    EXPECT_EQ(arguments[0], "/usr/bin/qemu-system-x86_64");
    EXPECT_THAT(arguments, Contains("-nodefaults"));
    EXPECT_THAT(arguments, Contains("-no-user-config"));
    EXPECT_EQ(value_of(arguments, "-sandbox"),
              "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
    EXPECT_EQ(value_of(arguments, "-action"), "shutdown=pause,reboot=reset");
    EXPECT_EQ(value_of(arguments, "-display"), "none");
}

TEST(CommandLine, AccelerationChoosesTheProcessor) {
    EXPECT_EQ(value_of(argv(whole_spec()), "-accel"), "tcg,thread=multi,tb-size=256");
    EXPECT_THAT(value_of(argv(whole_spec()), "-cpu"), HasSubstr("+sse4.2"));
    EXPECT_EQ(value_of(argv(whole_spec(), {"kvm", true, ""}), "-accel"), "kvm");
    EXPECT_EQ(value_of(argv(whole_spec(), {"kvm", true, ""}), "-cpu"), "host");
}

TEST(CommandLine, SizesFollowTheType) {
    EXPECT_EQ(value_of(argv(whole_spec()), "-smp"), "2,sockets=1,cores=2,threads=1");
    EXPECT_EQ(value_of(argv(whole_spec()), "-m"), "size=1024M");
}

TEST(CommandLine, TheGuestKnowsEc2) {
    const auto arguments = argv(whole_spec());
    EXPECT_EQ(value_of(arguments, "-smbios", 1),
              "type=1,manufacturer=Amazon EC2,product=t3.micro,"
              "uuid=ec2f0000-0000-4000-8000-000000000001,"
              "serial=ec2f0000-0000-4000-8000-000000000001");
    EXPECT_EQ(value_of(arguments, "-smbios", 2),
              "type=2,manufacturer=Amazon EC2,asset=i-0123456789abcdef0");
}

TEST(CommandLine, LayersNameEachOtherFromTheBottomUp) {
    const auto arguments = argv(whole_spec());
    const auto bottom = layer_node("vol-0123456789abcdef0", "/s/snapshots/snap.qcow2");
    const auto top = layer_node("vol-0123456789abcdef0", "/s/volumes/vol.qcow2");
    const auto below = value_of(arguments, "-blockdev", 0);
    EXPECT_THAT(below, HasSubstr("\"node-name\":\"" + bottom + "\""));
    EXPECT_THAT(below, HasSubstr(R"("driver":"qcow2")"));
    EXPECT_THAT(below, HasSubstr(R"("read-only":true)"));
    EXPECT_THAT(below, HasSubstr(R"("backing":null)"));
    const auto above = value_of(arguments, "-blockdev", 1);
    EXPECT_THAT(above, HasSubstr("\"node-name\":\"" + top + "\""));
    EXPECT_THAT(above, HasSubstr(R"("read-only":false)"));
    EXPECT_THAT(above, HasSubstr("\"backing\":\"" + bottom + "\""));
    EXPECT_THAT(arguments,
                Contains("{\"driver\":\"virtio-blk-pci\",\"id\":\"disk-vol0123456789abcdef0\","
                         "\"drive\":\"" +
                         top +
                         "\",\"serial\":\"vol0123456789abcdef0\",\"werror\":\"enospc\","
                         "\"rerror\":\"report\",\"addr\":\"0x10\",\"bootindex\":1}"));
}

TEST(CommandLine, AWritableLayerCanBeReopenedToBeReadOnly) {
    const auto arguments = argv(whole_spec());
    const auto top = layer_node("vol-0123456789abcdef0", "/s/volumes/vol.qcow2");
    EXPECT_THAT(arguments, Contains("fd=8,set=8,opaque=" + top));
    EXPECT_THAT(arguments, Contains("fd=9,set=8,opaque=" + top));
    const auto line = build_command_line(whole_spec(), tcg, {});
    EXPECT_EQ(line->fds[5].what, Passed::disk_layer);
    EXPECT_EQ(line->fds[6].what, Passed::writable_disk_layer);
}

TEST(CommandLine, SecretsAreNotOnIt) {
    auto spec = whole_spec();
    spec.disks[0].chain.layers[0].secret = "open sesame";
    const auto line = build_command_line(spec, tcg, {});
    ASSERT_TRUE(line);
    const auto secret = std::find_if(line->fds.begin(), line->fds.end(), [](const auto& passed) {
        return passed.what == Passed::disk_secret;
    });
    ASSERT_NE(secret, line->fds.end());
    EXPECT_THAT(value_of(line->argv, "-object", 1), HasSubstr(secret_file(secret->child_fd)));
    EXPECT_THAT(value_of(line->argv, "-blockdev", 1), HasSubstr(R"("encrypt":{"format":"luks")"));
    EXPECT_THAT(value_of(line->argv, "-blockdev", 0), Not(HasSubstr("encrypt")));
    for (const auto& argument : line->argv) {
        EXPECT_THAT(argument, Not(HasSubstr("sesame")));
        EXPECT_THAT(argument, Not(HasSubstr(base64_encode("open sesame"))));
    }
}

TEST(CommandLine, NoPathOfADiskIsOnIt) {
    for (const auto& argument : argv(whole_spec()))
        EXPECT_THAT(argument, Not(HasSubstr("/s/")));
}

TEST(CommandLine, EveryDescriptorIsPassedOnceAndUsed) {
    auto spec = whole_spec();
    spec.firmware = "uefi";
    const auto line = build_command_line(spec, tcg, {});
    ASSERT_TRUE(line);
    std::vector<Passed> kinds;
    std::string all;
    for (const auto& argument : line->argv)
        all += argument + "\n";
    for (size_t i = 0; i < line->fds.size(); ++i) {
        EXPECT_EQ(line->fds[i].child_fd, static_cast<int>(i) + 3);
        EXPECT_THAT(all, HasSubstr("fd=" + std::to_string(line->fds[i].child_fd)));
        kinds.push_back(line->fds[i].what);
    }
    EXPECT_THAT(kinds,
                testing::UnorderedElementsAre(Passed::monitor_socket,
                                              Passed::serial_socket,
                                              Passed::agent_socket,
                                              Passed::console_log,
                                              Passed::uefi_variables,
                                              Passed::disk_layer,
                                              Passed::disk_layer,
                                              Passed::writable_disk_layer,
                                              Passed::tap));
}

TEST(CommandLine, ManyDisksFindRoom) {
    auto spec = whole_spec();
    const auto add = [&](size_t number) {
        auto disk = spec.disks[0];
        disk.chain.volume_id = fmt::format("vol-{:017x}", number);
        disk.serial = serial_of(disk.chain.volume_id);
        disk.boot = false;
        spec.disks.push_back(disk);
    };
    while (spec.disks.size() < 27)
        add(spec.disks.size());
    const auto arguments = argv(spec);
    std::set<std::string> places;
    for (const auto& text : arguments)
        if (text.find("virtio-blk-pci") != std::string::npos)
            places.insert(text.substr(text.find("\"addr\"")));
    EXPECT_EQ(places.size(), 27u); // one more than data disks: the boot disk is on another bus
    EXPECT_THAT(arguments, Contains(HasSubstr(R"("bus":"disks","addr":"0x1",)")));
    EXPECT_THAT(arguments, Contains(HasSubstr(R"("bus":"disks","addr":"0x1a",)")));
    add(27);
    EXPECT_FALSE(build_command_line(spec, tcg, {}));
    spec.disks.resize(2);
    spec.disks.push_back(spec.disks[1]);
    EXPECT_FALSE(build_command_line(spec, tcg, {})) << "the same disk twice";
}

TEST(CommandLine, FurtherInterfacesSitInPortsThatTheyCanBePulledFrom) {
    auto spec = whole_spec();
    spec.interface_slots = 3;
    spec.interfaces.push_back({"eni-0123456789abcdef1", "02:00:00:00:00:02", 1500, nullptr});
    const auto arguments = argv(spec);
    EXPECT_THAT(arguments,
                Contains("virtio-net-pci,id=nic-eni-0123456789abcdef0,"
                         "netdev=net-eni-0123456789abcdef0,mac=02:00:00:00:00:01,host_mtu=1500,"
                         "addr=0x5,romfile="));
    EXPECT_THAT(arguments,
                Contains("virtio-net-pci,id=nic-eni-0123456789abcdef1,"
                         "netdev=net-eni-0123456789abcdef1,mac=02:00:00:00:00:02,host_mtu=1500,"
                         "bus=interface-port0,romfile="));
    const auto ports = [](const auto& all) {
        return std::count_if(all.begin(), all.end(), [](const auto& text) {
            return text.starts_with("pcie-root-port,id=interface-port");
        });
    };
    EXPECT_EQ(ports(arguments), 3);
    spec.interface_slots = 0; // a type that is smaller than what it has
    EXPECT_EQ(ports(argv(spec)), 1);
    spec.interface_slots = 1000;
    EXPECT_EQ(ports(argv(spec)), 14);
}

// Whatever text gets into a field: it is refused, or it ends up inside one argument as it is.
TEST(CommandLine, NoTextEndsAnOptionEarly) {
    const std::vector<std::string> hostile = {",readonly=on",
                                              "x,path=/etc/shadow",
                                              "x\n-chardev",
                                              "--",
                                              "-S",
                                              "%s%n",
                                              "\"},{\"driver\":\"file\"",
                                              std::string("x\0y", 3),
                                              "",
                                              "a b",
                                              "\xff\xfe"};
    const size_t count = argv(whole_spec()).size();
    const auto expect_harmless = [&](const MachineSpec& spec, const std::string& text) {
        const auto line = build_command_line(spec, tcg, {});
        if (line) {
            EXPECT_EQ(line->argv.size(), count) << text;
        } else {
            EXPECT_EQ(line.error().code, errors::invalid) << text;
        }
    };
    for (const auto& text : hostile) {
        for (const auto field : {&MachineSpec::instance_id,
                                 &MachineSpec::firmware,
                                 &MachineSpec::system_uuid,
                                 &MachineSpec::instance_type}) {
            auto spec = whole_spec();
            spec.*field = text;
            expect_harmless(spec, text);
        }
        auto spec = whole_spec();
        spec.disks[0].serial = text;
        EXPECT_FALSE(build_command_line(spec, tcg, {})) << text;
        spec = whole_spec();
        spec.disks[0].chain.layers[0].format = text;
        EXPECT_FALSE(build_command_line(spec, tcg, {})) << text;
        spec = whole_spec();
        spec.interfaces[0].mac = text;
        EXPECT_FALSE(build_command_line(spec, tcg, {})) << text;
        spec = whole_spec();
        spec.interfaces[0].interface_id = text;
        EXPECT_FALSE(build_command_line(spec, tcg, {})) << text;
        spec = whole_spec();
        spec.zone = text; // goes nowhere
        EXPECT_EQ(argv(spec), argv(whole_spec()));
    }
}

TEST(CommandLine, AbsurdSizesAreRefused) {
    for (const int vcpus : {0, -1, 256}) {
        auto spec = whole_spec();
        spec.vcpus = vcpus;
        EXPECT_FALSE(build_command_line(spec, tcg, {})) << vcpus;
    }
    auto spec = whole_spec();
    spec.memory_mib = 0;
    EXPECT_FALSE(build_command_line(spec, tcg, {}));
    spec = whole_spec();
    spec.disks[0].chain.layers.clear();
    EXPECT_FALSE(build_command_line(spec, tcg, {}));
}

} // namespace
} // namespace pileus::drivers
