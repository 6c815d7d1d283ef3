// SPDX-License-Identifier: Apache-2.0
#include "fleet.h"

#include "drivers/network/linux/namespace.h"
#include "drivers/network/linux/netlink.h"
#include "drivers/network/linux/tap.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <poll.h>
#include <sched.h>
#include <stdexcept>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pileus::drivers {

namespace {

using namespace std::chrono_literals;

constexpr size_t tap_header_bytes = 10;
constexpr size_t frames_kept = 4096;
constexpr int first_port = 20000, ports = 40000; // of probes
constexpr auto quiet = 150ms, grace = 40ms, longest_wait = 3000ms;
const MacAddress world_mac{{0x02, 0, 0, 0, 0xff, 1}};
const Ipv4 world_router{0xcb00'7102}; // 203.0.113.2
const Ipv4Cidr world_link{Ipv4{0xcb00'7100}, 24};

template <class T> T must(Result<T> result) {
    if (!result)
        throw std::runtime_error(result.error().message);
    return std::move(*result);
}
void must(const Result<void>& result) {
    if (!result)
        throw std::runtime_error(result.error().message);
}

template <class List, class Item> void put_by_id(List& list, const Item& item) {
    for (auto& each : list)
        if (each.id == item.id) {
            each = item;
            return;
        }
    list.push_back(item);
}

void write_frame(int tap, const std::string& frame) {
    const auto whole = std::string(tap_header_bytes, '\0') + frame;
    (void)!::write(tap, whole.data(), whole.size());
}

bool is_ipv6_frame(const std::string& frame) {
    return frame.size() > 14 && frame.compare(12, 2, "\x86\xdd") == 0;
}

bool is_ip_frame(const std::string& frame) {
    return frame.size() > 14 &&
           (frame.compare(12, 2, std::string("\x08\0", 2)) == 0 || is_ipv6_frame(frame));
}

} // namespace

void enter_own_network() {
    static bool is_done = false;
    if (is_done)
        return;
    if (::unshare(CLONE_NEWNET) != 0)
        throw std::runtime_error("cannot make a network namespace");
    auto links = must(Netlink::open());
    must(links.change_link(must(links.link_index("lo")), {.up = true}));
    is_done = true;
}

Fleet::Fleet(LinuxNetworkOptions options)
    : options_(std::move(options)), wake_(::eventfd(0, EFD_CLOEXEC)) {
    view_.egress = options_.egress;
    make_world();
    restart_driver();
    reader_ = std::thread([this] { read_taps(); });
}

Fleet::~Fleet() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    ::eventfd_write(wake_.get(), 1);
    reader_.join();
    if (const auto done = network_->remove_all(); !done)
        ADD_FAILURE() << done.error().message;
    if (auto links = Netlink::open())
        (void)links->remove_link(world);
}

void Fleet::restart_driver() {
    network_.reset();
    auto options = options_;
    options.run_dir = folder_.path() / "network";
    network_ = std::make_unique<LinuxNetwork>(options, runner_);
    network_->on_metadata_listener([](const MetadataListener&) {}, [](const std::string&) {});
    must(network_->recover());
}

// The host's only way out.
void Fleet::make_world() {
    must(make_tap(world));
    auto links = must(Netlink::open());
    const int link = must(links.link_index(world));
    must(links.ensure_address(link, world_link.at(1), world_link.prefix));
    must(links.change_link(link, {.up = true}));
    must(links.ensure_neighbor(link, world_router, world_mac));
    must(links.ensure_route({.destination = world_link, .link = link}));
    must(links.ensure_route({.destination = Ipv4Cidr{}, .link = link, .via = world_router}));
    stations_[world] = {world, must(open_tap_fd(world)), world_mac, {}};
}

void Fleet::ensure_vpc(const VpcSpec& vpc) {
    must(network_->ensure_vpc(vpc));
    put_by_id(view_.vpcs, vpc);
}

void Fleet::apply_groups(const std::vector<SecurityGroupSpec>& groups) {
    must(network_->apply_security_groups(groups));
    for (const auto& group : groups)
        put_by_id(view_.groups, group);
}

void Fleet::ensure_interface(const InterfaceSpec& interface) {
    must(network_->ensure_interface(interface));
    put_by_id(view_.interfaces, interface);
    if (interface.kind == InterfaceKind::nat_gateway)
        return;
    const std::lock_guard lock(mutex_);
    if (stations_.count(interface.id) != 0)
        return;
    stations_[interface.id] = {
        interface.id, must(network_->open_tap(interface.vpc_id, interface.id)), interface.mac, {}};
    ::eventfd_write(wake_.get(), 1);
}

void Fleet::remove_interface(const std::string& id) {
    const auto vpc_id = interface(id).vpc_id;
    {
        const std::lock_guard lock(mutex_);
        stations_.erase(id);
        ::eventfd_write(wake_.get(), 1);
    }
    must(network_->remove_interface(vpc_id, id));
    std::erase_if(view_.interfaces, [&](const auto& each) { return each.id == id; });
}

const InterfaceSpec& Fleet::interface(const std::string& id) const {
    for (const auto& each : view_.interfaces)
        if (each.id == id)
            return each;
    throw std::out_of_range(id);
}

uint32_t Fleet::send(const Packet& packet) {
    const auto number = ++next_number_;
    const auto header = explain(view_, packet).header; // the addresses that the caller left out
    if (packet.from.interface_id.empty()) {
        send_from_host(packet, number);
        return number;
    }
    const ProbePacket probe{.from = header.from,
                            .to = header.to,
                            .protocol = packet.protocol,
                            .from_port = packet.source_port,
                            .to_port = packet.port,
                            .code = packet.code,
                            .number = number,
                            .is_answer = false};
    const std::lock_guard lock(mutex_);
    const auto& station = stations_.at(packet.from.interface_id);
    write_frame(station.tap.get(),
                frame(router_mac_, station.mac, is_ipv6(header.from), write_packet(probe)));
    return number;
}

// UDP by a socket of the host: callers from this machine reach public addresses of the pool by it.
void Fleet::send_from_host(const Packet& packet, uint32_t number) {
    UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const auto to = std::get<Ipv4>(explain(view_, packet).header.to);
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = htons(static_cast<uint16_t>(packet.port));
    name.sin_addr.s_addr = htonl(to.value);
    sockaddr_in self{};
    self.sin_family = AF_INET;
    self.sin_port = htons(static_cast<uint16_t>(packet.source_port));
    (void)::bind(fd.get(), reinterpret_cast<const sockaddr*>(&self), sizeof self);
    const auto whole =
        write_packet({.from = Ipv4{}, .to = Ipv4{}, .protocol = protocols::udp, .number = number});
    const auto payload = whole.substr(whole.size() - 8);
    (void)!::sendto(fd.get(),
                    payload.data(),
                    payload.size(),
                    0,
                    reinterpret_cast<const sockaddr*>(&name),
                    sizeof name);
    callers_[number] = std::move(fd);
}

void Fleet::collect_callers() {
    for (const auto& [number, fd] : callers_) {
        std::array<char, 64> buffer;
        if (::recv(fd.get(), buffer.data(), buffer.size(), 0) == 8) {
            const std::lock_guard lock(mutex_);
            arrivals_[number].is_answered = true;
        }
    }
}

void Fleet::settle() {
    auto seen = ~uint64_t{0};
    for (;;) {
        std::this_thread::sleep_for(quiet);
        const std::lock_guard lock(mutex_);
        if (events_ == seen)
            return;
        seen = events_;
    }
}

// Whether everything came that explain() expects; what must not come has its moment after that.
bool Fleet::is_complete(const std::vector<Probe>& probes) {
    collect_callers();
    const std::lock_guard lock(mutex_);
    return std::all_of(probes.begin(), probes.end(), [&](const Probe& probe) {
        const auto expected = explain(view_, probe.packet);
        const auto& arrival = arrivals_[probe.number];
        return (!expected.arrives || !arrival.places.empty()) &&
               (!expected.is_answered || !has_answer(expected.header) || arrival.is_answered);
    });
}

void Fleet::send_all(std::vector<Probe>& probes) {
    for (auto& probe : probes) {
        probe.packet.source_port = first_port + static_cast<int>((next_number_ + 1) % ports);
        probe.number = send(probe.packet);
    }
    const auto deadline = std::chrono::steady_clock::now() + longest_wait;
    while (!is_complete(probes) && std::chrono::steady_clock::now() < deadline)
        std::this_thread::sleep_for(5ms);
    std::this_thread::sleep_for(grace);
    collect_callers();
    callers_.clear();
    const std::lock_guard lock(mutex_);
    for (auto& probe : probes) {
        const auto& arrival = arrivals_[probe.number];
        probe.arrived = arrival.places;
        probe.is_answered = arrival.is_answered;
        if (probe.arrived.empty() && !explain(view_, probe.packet).arrives)
            denied_.push_back(probe);
    }
}

std::vector<std::string> Fleet::late() {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> out;
    for (const auto& probe : denied_)
        for (const auto& place : arrivals_[probe.number].places)
            out.push_back(fmt::format("protocol {} port {} source port {} from {} to {} came to {}",
                                      probe.packet.protocol,
                                      probe.packet.port,
                                      probe.packet.source_port,
                                      probe.packet.from.interface_id,
                                      probe.packet.to.interface_id,
                                      place));
    return out;
}

bool Fleet::has_arrived(uint32_t number) {
    const std::lock_guard lock(mutex_);
    return !arrivals_[number].places.empty();
}

void Fleet::send_frame(const std::string& interface_id, const std::string& frame) {
    const std::lock_guard lock(mutex_);
    write_frame(stations_.at(interface_id).tap.get(), frame);
}

int Fleet::count_frames(const std::string& interface_id, const std::string& bytes) {
    const std::lock_guard lock(mutex_);
    int count = 0;
    for (const auto& each : stations_.at(interface_id).frames)
        count += each.find(bytes) != std::string::npos ? 1 : 0;
    return count;
}

void Fleet::read_taps() {
    std::array<char, 70000> buffer;
    for (;;) {
        std::vector<pollfd> polled{{wake_.get(), POLLIN, 0}};
        std::vector<std::string> ids;
        {
            const std::lock_guard lock(mutex_);
            if (stopping_)
                return;
            for (const auto& [id, station] : stations_) {
                polled.push_back({station.tap.get(), POLLIN, 0});
                ids.push_back(id);
            }
        }
        ::poll(polled.data(), polled.size(), -1);
        const std::lock_guard lock(mutex_);
        if (polled[0].revents != 0) {
            eventfd_t ignored = 0;
            ::eventfd_read(wake_.get(), &ignored);
            continue; // the taps may be others now
        }
        bool is_broken = false;
        for (size_t i = 0; i < ids.size(); ++i) {
            is_broken = is_broken || (polled[i + 1].revents & POLLERR) != 0;
            if ((polled[i + 1].revents & POLLIN) == 0)
                continue;
            auto& station = stations_.at(ids[i]);
            for (;;) {
                const auto size = ::read(station.tap.get(), buffer.data(), buffer.size());
                if (size <= static_cast<ssize_t>(tap_header_bytes))
                    break;
                take_frame(station,
                           std::string(buffer.data() + tap_header_bytes,
                                       static_cast<size_t>(size) - tap_header_bytes));
            }
        }
        if (is_broken) // a tap that was taken away
            std::this_thread::sleep_for(1ms);
    }
}

// With mutex_ held.
void Fleet::take_frame(Station& station, const std::string& text) {
    if (station.frames.size() < frames_kept)
        station.frames.push_back(text);
    if (!is_ip_frame(text))
        return;
    const auto packet = read_packet(std::string_view(text).substr(14));
    if (!packet)
        return;
    ++events_;
    auto& arrival = arrivals_[packet->number];
    if (packet->is_answer) {
        arrival.is_answered = true;
        return;
    }
    arrival.places.insert(station.id);
    const bool is_ping = packet->to_port == 8 || packet->to_port == 128;
    const bool is_icmp =
        packet->protocol == protocols::icmp || packet->protocol == protocols::icmpv6;
    if (is_icmp && !is_ping)
        return;
    MacAddress back;
    std::copy_n(text.begin() + 6, 6, back.bytes.begin());
    write_frame(station.tap.get(),
                frame(back, station.mac, is_ipv6_frame(text), write_packet(answer_to(*packet))));
}

} // namespace pileus::drivers
