// SPDX-License-Identifier: Apache-2.0
#include "drivers/hypervisor/qemu/command_line.h"

#include "base/net.h"
#include "domain/ids.h"
#include "drivers/hypervisor/qemu/disk_nodes.h"
#include "drivers/hypervisor/qemu/hardware.h"
#include "drivers/hypervisor/qemu/screen.h"

#include <algorithm>
#include <boost/json.hpp>
#include <fmt/core.h>
#include <set>

namespace pileus::drivers {

namespace {

constexpr int first_child_fd = 3;
constexpr int max_vcpus = 255; // what QEMU's q35 takes without extended interrupts
constexpr size_t max_interfaces = max_interface_ports + 1;

// Where devices sit on the root bus: fixed, so that a guest finds its disks and interfaces under
// the same names after every start, whatever else it has.
constexpr int random_slot = 0x03;
constexpr int agent_slot = 0x04;
constexpr int primary_interface_slot = 0x05;
constexpr int first_interface_port_slot = 0x06; // eight ports each
constexpr int boot_disk_slot = 0x10;
constexpr int disk_bus_slot = 0x11;
constexpr size_t first_data_disk_slot = 1; // on the bus of the disks
constexpr int last_place = 31;

constexpr std::string_view memory_id = "pc.ram"; // as QEMU calls it by itself

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

Result<void> check_disks(const std::vector<MachineDisk>& disks) {
    size_t boot_disks = 0;
    std::set<std::string> ids;
    for (const auto& disk : disks) {
        PILEUS_TRY(check_disk(disk));
        boot_disks += disk.boot ? 1 : 0;
        if (!ids.insert(disk.chain.volume_id).second)
            return refuse("twice the disk", disk.chain.volume_id);
    }
    if (boot_disks > 1)
        return refuse("a number of boot disks of", std::to_string(boot_disks));
    if (disks.size() - boot_disks > max_data_disks)
        return refuse("a number of disks of", std::to_string(disks.size()));
    return {};
}

Result<void> check(const MachineSpec& spec) {
    const auto prefix =
        spec.awaits_identity ? domain::prefix::warm_template : domain::prefix::instance;
    if (!domain::is_well_formed_id(prefix, spec.instance_id))
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
    if (spec.interfaces.size() > max_interfaces)
        return refuse("a number of interfaces of", std::to_string(spec.interfaces.size()));
    PILEUS_TRY(check_disks(spec.disks));
    for (const auto& interface : spec.interfaces)
        PILEUS_TRY(check_interface(interface));
    return {};
}

class Builder {
  public:
    Builder(const MachineSpec& spec,
            const Acceleration& acceleration,
            Hardware hardware,
            const CommandLineOptions& options)
        : spec_(spec), acceleration_(acceleration), hardware_(std::move(hardware)),
          options_(options) {}

    CommandLine build() {
        add_machine();
        add_containment();
        add_identity();
        add_consoles();
        add(screen_arguments());
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

    void add(const std::vector<std::string>& arguments) {
        line_.argv.insert(line_.argv.end(), arguments.begin(), arguments.end());
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
        std::string machine = hardware_.machine + ",sata=off,smbus=off,vmport=off";
        if (spec_.firmware == "uefi")
            machine += ",pflash0=uefi-code,pflash1=uefi-variables";
        if (options_.memory != GuestMemory::own)
            machine += fmt::format(",memory-backend={}", memory_id);
        add({"-machine", machine});
        if (acceleration_.name == "kvm")
            add({"-accel", "kvm", "-cpu", hardware_.cpu});
        else
            add({"-accel", "tcg,thread=multi,tb-size=256", "-cpu", hardware_.cpu});
        add({"-smp", fmt::format("{0},sockets=1,cores={0},threads=1", spec_.vcpus)});
        add({"-m", fmt::format("size={}M", spec_.memory_mib)});
        if (options_.memory != GuestMemory::own)
            add_memory();
        if (options_.is_incoming)
            add({"-S", "-incoming", "defer"});
        add({"-global", "ICH9-LPC.disable_s3=1", "-global", "ICH9-LPC.disable_s4=1"});
        add({"-rtc", "base=utc", "-display", "none", "-boot", "strict=on"});
        // A guest that switches itself off stays, paused, to be seen: also by a daemon that was
        // away at that moment.
        add({"-action", "shutdown=pause,reboot=reset"});
        if (spec_.firmware == "uefi")
            add_uefi();
    }

    // By the name that the memory of other guests has, so that they read each other's streams.
    void add_memory() {
        const int fd = pass(Passed::guest_memory);
        add({"-object",
             fmt::format("memory-backend-file,id={},x-use-canonical-path-for-ramblock-id=off,"
                         "size={}M,mem-path={}/{},share={}",
                         memory_id,
                         spec_.memory_mib,
                         descriptors_folder,
                         fd,
                         options_.memory == GuestMemory::shared ? "on" : "off")});
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
        add({"-smbios",
             fmt::format("type=2,manufacturer=Amazon EC2,asset={}",
                         asset_tag_of(spec_.instance_id))});
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
        add_agent();
    }

    // What an agent writes while nobody listens is dropped: it never waits for us.
    void add_agent() {
        const int agent = pass(Passed::agent_socket);
        add({"-chardev", fmt::format("socket,id=agent0,fd={},server=on,wait=off", agent)});
        add({"-device",
             fmt::format("virtio-serial-pci,id=agent,max_ports=2,addr={:#x}", agent_slot)});
        add({"-device", "virtserialport,bus=agent.0,nr=1,chardev=agent0,name=org.pileus.agent"});
    }

    // Disks share one bus behind a bridge, where they are plugged in and pulled by ACPI: it costs a
    // guest's start a tenth of what ports would (docs/adr/0007).
    void add_buses() {
        add({"-device", fmt::format("pcie-pci-bridge,id={},addr={:#x}", disk_bus, disk_bus_slot)});
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
                             i + 1,
                             first_interface_port_slot + i / ports_of_slot,
                             i % ports_of_slot,
                             i % ports_of_slot == 0 ? ",multifunction=on" : "")});
    }

    // Layers from the bottom up, each naming the one below: nothing is read from a header.
    void add_disk(size_t index) {
        const auto& disk = spec_.disks[index];
        for (size_t layer = disk.chain.layers.size(); layer-- > 0;)
            add_layer(index, layer);
        auto device = disk_device(disk);
        if (disk.boot) {
            device["addr"] = fmt::format("{:#x}", boot_disk_slot);
            device["bootindex"] = 1;
        } else {
            device["bus"] = disk_bus;
            const auto slot = first_data_disk_slot + data_disks_++;
            device["addr"] = fmt::format("{:#x}", place_of(disk_id(disk.chain.volume_id), slot));
            device["disable-legacy"] = "on";
        }
        add({"-device", boost::json::serialize(device)});
    }

    void add_layer(size_t index, size_t layer) {
        const auto& chain = spec_.disks[index].chain;
        const auto& file = chain.layers[layer];
        const bool writable = layer == 0 && !file.read_only;
        const auto node = layer_node(chain.volume_id, file.path);
        if (!file.secret.empty()) {
            const int fd = pass(Passed::disk_secret, index, layer);
            add({"-object",
                 boost::json::serialize(boost::json::object{{"qom-type", "secret"},
                                                            {"id", secret_id(node)},
                                                            {"format", "base64"},
                                                            {"file", secret_file(fd)}})});
        }
        const int set = pass_layer(Passed::disk_layer, index, layer, node);
        // Beside it in the same set: QEMU takes the one that it may write to, and goes back to the
        // other when a snapshot has made the layer read-only.
        if (writable)
            pass_layer(Passed::writable_disk_layer, index, layer, node, set);
        const auto below = layer + 1 < chain.layers.size()
                               ? layer_node(chain.volume_id, chain.layers[layer + 1].path)
                               : std::string();
        add_blockdev(layer_options(chain.volume_id, file, writable, below, set));
    }

    // The text with it tells the daemon later whose descriptor it is.
    int pass_layer(Passed what, size_t index, size_t layer, const std::string& node, int set = 0) {
        const int fd = pass(what, index, layer);
        set = set == 0 ? fd : set;
        add({"-add-fd", fmt::format("fd={},set={},opaque={}", fd, set, node)});
        return set;
    }

    void add_interface(size_t index) {
        const auto& interface = spec_.interfaces[index];
        const int fd = pass(Passed::tap, index);
        const auto netdev = netdev_id(interface.interface_id);
        add({"-netdev", fmt::format("tap,id={},fd={},vhost=off", netdev, fd)});
        const auto id = nic_id(interface.interface_id);
        const auto place = index == 0
                               ? fmt::format("addr={:#x}", primary_interface_slot)
                               : fmt::format("bus={}", interface_port(place_of(id, index - 1)));
        // No boot ROM: nothing boots from the network here, and the firmware need not look.
        add({"-device",
             fmt::format("virtio-net-pci,id={},netdev={},mac={},host_mtu={},{},romfile=",
                         id,
                         netdev,
                         interface.mac,
                         interface.mtu,
                         place)});
    }

    size_t place_of(const std::string& id, size_t in_order) const {
        const auto known = options_.places.find(id);
        return known == options_.places.end() ? in_order : static_cast<size_t>(known->second);
    }

    const MachineSpec& spec_;
    const Acceleration& acceleration_;
    const Hardware hardware_;
    const CommandLineOptions& options_;
    CommandLine line_;
    size_t data_disks_ = 0;
};

} // namespace

std::string secret_file(int child_fd) {
    return fmt::format("/secrets/{}", child_fd);
}

std::string asset_tag_of(const std::string& id) {
    if (!id.starts_with(domain::prefix::warm_template))
        return id;
    constexpr size_t length = domain::prefix::instance.size() + 17;
    return id.substr(0, length);
}

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
    for (const auto& [id, place] : options.places)
        if (place < 0 || place > last_place)
            return refuse("a device in the place", std::to_string(place));
    PILEUS_ASSIGN(auto hardware, parse_hardware(spec.hardware, acceleration));
    return Builder(spec, acceleration, std::move(hardware), options).build();
}

} // namespace pileus::drivers
