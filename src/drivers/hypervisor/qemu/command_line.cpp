// SPDX-License-Identifier: Apache-2.0
#include "drivers/hypervisor/qemu/command_line.h"

#include "base/net.h"
#include "domain/ids.h"

#include <algorithm>
#include <boost/json.hpp>
#include <fmt/core.h>

namespace pileus::drivers {

namespace {

constexpr int first_child_fd = 3;
constexpr int max_vcpus = 255; // what QEMU's q35 takes without extended interrupts
constexpr size_t max_disks = 26;
constexpr size_t max_interfaces = max_interface_ports + 1;
constexpr size_t max_layers = 64;
constexpr size_t max_serial_length = 20; // what virtio-blk shows to the guest
constexpr int hot_plug_ports = 4;

// A modest model of the x86-64-v2 grade: under TCG `max` makes a guest a quarter slower, because
// what it promises has to be emulated (docs of the images; measured).
constexpr const char* tcg_cpu = "qemu64,+ssse3,+sse4.1,+sse4.2,+popcnt,+cx16,+lahf-lm,+rdrand";

// Where devices sit on the root bus: fixed, so that a guest finds its disks and interfaces under
// the same names after every start, whatever else it has.
constexpr int port_slot = 0x02;
constexpr int random_slot = 0x03;
constexpr int primary_interface_slot = 0x05;
constexpr int first_interface_port_slot = 0x06; // eight ports each
constexpr int first_disk_slot = 0x10; // one slot each up to 0x1d, then functions of none: see limit

bool is_plain(std::string_view text, std::string_view extra) {
    return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               extra.find(c) != std::string_view::npos;
    });
}

tl::unexpected<Error> refuse(std::string_view what, std::string_view value) {
    return fail(errors::invalid,
                fmt::format("a guest cannot be started with {} '{}'", what, value));
}

Result<void> check_disk(const MachineDisk& disk) {
    if (!is_plain(disk.serial, "") || disk.serial.size() > max_serial_length)
        return refuse("a disk's serial number", disk.serial);
    const auto& layers = disk.chain.layers;
    if (layers.empty() || layers.size() > max_layers)
        return refuse("a disk's number of layers", std::to_string(layers.size()));
    for (const auto& layer : layers)
        if (layer.format != "qcow2" && layer.format != "raw")
            return refuse("a disk of format", layer.format);
    return {};
}

Result<void> check(const MachineSpec& spec) {
    if (!domain::is_well_formed_id(domain::prefix::instance, spec.instance_id))
        return refuse("the id", spec.instance_id);
    if (spec.vcpus < 1 || spec.vcpus > max_vcpus)
        return refuse("a number of vCPUs of", std::to_string(spec.vcpus));
    if (spec.memory_mib < 16)
        return refuse("a memory size in MiB of", std::to_string(spec.memory_mib));
    if (spec.firmware != "bios" && spec.firmware != "uefi")
        return refuse("the firmware", spec.firmware);
    if (!is_plain(spec.system_uuid, "-") || spec.system_uuid.size() != 36)
        return refuse("the system UUID", spec.system_uuid);
    if (!is_plain(spec.instance_type, ".-"))
        return refuse("the instance type", spec.instance_type);
    if (spec.disks.size() > max_disks)
        return refuse("a number of disks of", std::to_string(spec.disks.size()));
    if (spec.interfaces.size() > max_interfaces)
        return refuse("a number of interfaces of", std::to_string(spec.interfaces.size()));
    for (const auto& disk : spec.disks)
        PILEUS_TRY(check_disk(disk));
    for (const auto& interface : spec.interfaces)
        PILEUS_TRY(check_interface(interface));
    return {};
}

class Builder {
  public:
    Builder(const MachineSpec& spec,
            const Acceleration& acceleration,
            const CommandLineOptions& options)
        : spec_(spec), acceleration_(acceleration), options_(options) {}

    CommandLine build() {
        add_machine();
        add_containment();
        add_identity();
        add_consoles();
        add_buses();
        for (size_t i = 0; i < spec_.disks.size(); ++i)
            add_disk(i);
        for (size_t i = 0; i < spec_.interfaces.size(); ++i)
            add_interface(i);
        return std::move(line_);
    }

  private:
    void add(std::initializer_list<std::string> arguments) {
        line_.argv.insert(line_.argv.end(), arguments);
    }

    void add_blockdev(const boost::json::object& node) {
        add({"-blockdev", boost::json::serialize(node)});
    }

    int pass(Passed what, size_t index = 0, size_t layer = 0) {
        const int child_fd = first_child_fd + static_cast<int>(line_.fds.size());
        line_.fds.push_back({what, child_fd, index, layer});
        return child_fd;
    }

    // QEMU opens a file only as /dev/fdset/N; the set's number is the descriptor's.
    std::string pass_as_file(Passed what, size_t index = 0, size_t layer = 0) {
        const int fd = pass(what, index, layer);
        add({"-add-fd", fmt::format("fd={},set={}", fd, fd)});
        return fmt::format("/dev/fdset/{}", fd);
    }

    void add_machine() {
        add({options_.emulator, "-nodefaults", "-no-user-config"});
        add({"-name",
             fmt::format("guest={0},process=pileus-{0},debug-threads=on", spec_.instance_id)});
        // No second disk controller, no SMBus, no backdoor port: a guest sees what it needs.
        std::string machine = "q35,sata=off,smbus=off,vmport=off";
        if (spec_.firmware == "uefi")
            machine += ",pflash0=uefi-code,pflash1=uefi-variables";
        add({"-machine", machine});
        if (acceleration_.name == "kvm")
            add({"-accel", "kvm", "-cpu", "host"});
        else
            add({"-accel", "tcg,thread=multi,tb-size=256", "-cpu", tcg_cpu});
        add({"-smp", fmt::format("{0},sockets=1,cores={0},threads=1", spec_.vcpus)});
        add({"-m", fmt::format("size={}M", spec_.memory_mib)});
        add({"-global", "ICH9-LPC.disable_s3=1", "-global", "ICH9-LPC.disable_s4=1"});
        add({"-rtc", "base=utc", "-display", "none", "-boot", "strict=on"});
        // A guest that switches itself off stays, paused, to be seen: also by a daemon that was
        // away at that moment.
        add({"-action", "shutdown=pause,reboot=reset"});
        if (spec_.firmware == "uefi")
            add_uefi();
    }

    void add_uefi() {
        add_blockdev({{"driver", "raw"},
                      {"node-name", "uefi-code"},
                      {"read-only", true},
                      {"file", {{"driver", "file"}, {"filename", options_.uefi_code}}}});
        const auto variables = pass_as_file(Passed::uefi_variables);
        add_blockdev({{"driver", "raw"},
                      {"node-name", "uefi-variables"},
                      {"file", {{"driver", "file"}, {"filename", variables}, {"locking", "off"}}}});
    }

    void add_containment() {
        add({"-sandbox",
             "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"});
    }

    // What DMI shows on EC2's Nitro: cloud-init knows EC2 by it, and a program its instance's id.
    void add_identity() {
        add({"-uuid", spec_.system_uuid});
        add({"-smbios", "type=0,vendor=Amazon EC2,version=1.0"});
        add({"-smbios",
             fmt::format("type=1,manufacturer=Amazon EC2,product={},uuid={},serial={}",
                         spec_.instance_type,
                         spec_.system_uuid,
                         spec_.system_uuid)});
        add({"-smbios", fmt::format("type=2,manufacturer=Amazon EC2,asset={}", spec_.instance_id)});
        add({"-smbios", "type=3,manufacturer=Amazon EC2,asset=Amazon EC2"});
        add({"-device", "vmgenid,guid=auto"}); // a new one at each start: the guest reseeds
    }

    void add_consoles() {
        const int monitor = pass(Passed::monitor_socket);
        add({"-chardev", fmt::format("socket,id=qmp,fd={},server=on,wait=off", monitor)});
        add({"-mon", "chardev=qmp,mode=control"});
        const int serial = pass(Passed::serial_socket);
        const auto log = pass_as_file(Passed::console_log);
        add({"-chardev",
             fmt::format("socket,id=serial0,fd={},server=on,wait=off,logfile={},logappend=on",
                         serial,
                         log)});
        add({"-device", "isa-serial,chardev=serial0"});
    }

    void add_buses() {
        for (int i = 0; i < hot_plug_ports; ++i)
            add({"-device",
                 fmt::format("pcie-root-port,id=port{},chassis={},addr={:#x}.{}{}",
                             i,
                             i + 1,
                             port_slot,
                             i,
                             i == 0 ? ",multifunction=on" : "")});
        add_interface_ports();
        add({"-object", "rng-builtin,id=random0"});
        add({"-device", fmt::format("virtio-rng-pci,rng=random0,addr={:#x}", random_slot)});
    }

    // Every interface but the primary one sits in a port, from which it can be pulled.
    void add_interface_ports() {
        constexpr size_t ports_of_slot = 8;
        const size_t wanted = std::max(static_cast<size_t>(std::max(spec_.interface_slots, 0)),
                                       std::max<size_t>(spec_.interfaces.size(), 1) - 1);
        for (size_t i = 0; i < std::min(wanted, max_interface_ports); ++i)
            add({"-device",
                 fmt::format("pcie-root-port,id={},chassis={},addr={:#x}.{}{}",
                             interface_port(i),
                             hot_plug_ports + 1 + i,
                             first_interface_port_slot + i / ports_of_slot,
                             i % ports_of_slot,
                             i % ports_of_slot == 0 ? ",multifunction=on" : "")});
    }

    // Layers from the bottom up, each naming the one below: nothing is read from a header.
    void add_disk(size_t index) {
        const auto& disk = spec_.disks[index];
        const auto& layers = disk.chain.layers;
        for (size_t layer = layers.size(); layer-- > 0;)
            add_layer(index, layer);
        // The first disks have slots of their own, the others are functions of these.
        const size_t slots = 12;
        std::string device = fmt::format(
            "virtio-blk-pci,id=disk-{0},drive=disk{1}-0,serial={0}", disk.serial, index);
        device += fmt::format(
            ",addr={:#x}.{}", first_disk_slot + static_cast<int>(index % slots), index / slots);
        if (index < slots && spec_.disks.size() > slots)
            device += ",multifunction=on";
        if (disk.boot)
            device += ",bootindex=1";
        add({"-device", device});
    }

    void add_layer(size_t index, size_t layer) {
        const auto& layers = spec_.disks[index].chain.layers;
        const bool read_only = layer > 0 || layers[layer].read_only;
        const auto name = fmt::format("disk{}-{}", index, layer);
        // Locking is ours: the descriptor of a writable layer carries an exclusive flock.
        add_blockdev({{"driver", "file"},
                      {"node-name", name + "-file"},
                      {"filename", pass_as_file(Passed::disk_layer, index, layer)},
                      {"locking", "off"},
                      {"read-only", read_only},
                      {"auto-read-only", false},
                      {"discard", "unmap"}});
        boost::json::object node{{"driver", layers[layer].format},
                                 {"node-name", name},
                                 {"file", name + "-file"},
                                 {"read-only", read_only},
                                 {"auto-read-only", false},
                                 {"discard", "unmap"}};
        if (layers[layer].format == "qcow2") {
            if (layer + 1 < layers.size())
                node["backing"] = fmt::format("disk{}-{}", index, layer + 1);
            else
                node["backing"] = nullptr;
        }
        add_blockdev(node);
    }

    void add_interface(size_t index) {
        const auto& interface = spec_.interfaces[index];
        const int fd = pass(Passed::tap, index);
        const auto netdev = netdev_id(interface.interface_id);
        add({"-netdev", fmt::format("tap,id={},fd={},vhost=off", netdev, fd)});
        const auto place = index == 0 ? fmt::format("addr={:#x}", primary_interface_slot)
                                      : fmt::format("bus={}", interface_port(index - 1));
        // No boot ROM: nothing boots from the network here, and the firmware need not look.
        add({"-device",
             fmt::format("virtio-net-pci,id={},netdev={},mac={},host_mtu={},{},romfile=",
                         nic_id(interface.interface_id),
                         netdev,
                         interface.mac,
                         interface.mtu,
                         place)});
    }

    const MachineSpec& spec_;
    const Acceleration& acceleration_;
    const CommandLineOptions& options_;
    CommandLine line_;
};

} // namespace

std::string nic_id(const std::string& interface_id) {
    return std::string(nic_prefix) + interface_id;
}

std::string netdev_id(const std::string& interface_id) {
    return "net-" + interface_id;
}

std::string interface_port(size_t index) {
    return fmt::format("interface-port{}", index);
}

Result<void> check_interface(const MachineInterface& interface) {
    if (!domain::is_well_formed_id(domain::prefix::network_interface, interface.interface_id))
        return refuse("an interface of the id", interface.interface_id);
    if (!MacAddress::parse(interface.mac) || interface.mtu < 68 || interface.mtu > 65535)
        return refuse("an interface of", fmt::format("{}, {}", interface.mac, interface.mtu));
    return {};
}

Result<CommandLine> build_command_line(const MachineSpec& spec,
                                       const Acceleration& acceleration,
                                       const CommandLineOptions& options) {
    PILEUS_TRY(check(spec));
    return Builder(spec, acceleration, options).build();
}

} // namespace pileus::drivers
