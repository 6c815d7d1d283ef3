// SPDX-License-Identifier: Apache-2.0
#include "network/stage.h"

#include "base/file.h"
#include "drivers/network/linux/netlink.h"
#include "drivers/network/linux/tap.h"

#include <arpa/inet.h>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fmt/core.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace pileus::bench {

namespace {

constexpr int rules_of_group_max = 1000;
constexpr uint16_t port = 5001;

void allow_offloads(const UniqueFd& tap) {
    ::ioctl(tap.get(), TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6);
}

UniqueFd make_own_tap() {
    UniqueFd fd(::open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK));
    struct ifreq request {};
    std::strcpy(request.ifr_name, "eth0");
    request.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
    if (!fd || ::ioctl(fd.get(), TUNSETIFF, &request) != 0)
        must(Result<void>(fail(errors::internal, "cannot make the guest's own end")));
    return fd;
}

sockaddr_in name_of(Ipv4 address) {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = htons(port);
    name.sin_addr.s_addr = htonl(address.value);
    return name;
}

void copy_frames(int from, int to) {
    static constexpr int burst = 64; // so that the other direction has its turn
    thread_local std::array<char, 70000> buffer;
    for (int i = 0; i < burst; ++i) {
        const auto size = ::read(from, buffer.data(), buffer.size());
        if (size <= 0)
            return;
        (void)!::write(to, buffer.data(), static_cast<size_t>(size));
    }
}

TrafficRule rule_for(int number) {
    const auto block = Ipv4Cidr{Ipv4{0x0b00'0000u + static_cast<uint32_t>(number) * 256}, 24};
    const int first = 1 + number % 60000;
    return {false, 6, first, first, block, ""};
}

} // namespace

void must(const Result<void>& result) {
    if (result)
        return;
    std::fprintf(stderr, "%s\n", result.error().message.c_str());
    std::exit(1);
}

MonotonicTime now() {
    return std::chrono::steady_clock::now();
}

double milliseconds_since(MonotonicTime began) {
    return std::chrono::duration<double, std::milli>(now() - began).count();
}

void enter_own_network() {
    if (::unshare(CLONE_NEWNET) != 0)
        must(Result<void>(fail(errors::internal, "a network namespace takes root")));
    auto links = must(Netlink::open());
    must(links.change_link(must(links.link_index("lo")), {.up = true}));
}

Stage::Stage(int members) {
    std::string path = "/tmp/pileus-bench-network-XXXXXX";
    folder_ = ::mkdtemp(path.data());
    ::chmod(path.c_str(), 0755);
    restart();
    vpc_.id = "vpc-bench";
    vpc_.cidrs = {*Ipv4Cidr::parse("10.1.0.0/16")};
    vpc_.dns_domain = vpc_.dhcp.domain_name = "ec2.internal";
    vpc_.internet_gateway = true;
    vpc_.route_tables = {{"rtb-1", {{Ipv4Cidr{}, RouteTarget::internet_gateway, ""}}}};
    vpc_.network_acls = {
        {"acl-1",
         {{100, false, true, -1, Ipv4Cidr{}, -1, -1}, {100, true, true, -1, Ipv4Cidr{}, -1, -1}}}};
    vpc_.subnets = {{"subnet-1", *Ipv4Cidr::parse("10.1.0.0/20"), std::nullopt, "rtb-1", "acl-1"},
                    {"subnet-2", *Ipv4Cidr::parse("10.1.16.0/20"), std::nullopt, "rtb-1", "acl-1"}};
    must(network_->ensure_vpc(vpc_));
    apply(group(1, 1000));
    for (int i = 0; i < members; ++i) {
        InterfaceSpec interface;
        interface.id = fmt::format("eni-{}", i);
        interface.vpc_id = vpc_.id;
        const auto& subnet = vpc_.subnets[i % 2 == 0 ? 0 : 1];
        interface.subnet_id = subnet.id;
        interface.mac =
            MacAddress{{0x02, 0, 0, 0, static_cast<uint8_t>(i >> 8), static_cast<uint8_t>(i)}};
        interface.addresses = {{subnet.cidr.at(static_cast<uint64_t>(10 + i)), std::nullopt}};
        interface.host_name = fmt::format("host-{}", i);
        interface.security_group_ids = {"sg-members"};
        must(network_->ensure_interface(interface));
        interfaces_.push_back(interface);
    }
}

Stage::~Stage() {
    must(network_->remove_all());
    must(remove_tree(folder_));
}

void Stage::restart() {
    LinuxNetworkOptions options;
    options.installation = "pbench";
    options.run_dir = folder_ / "network";
    options.public_pool = *Ipv4Cidr::parse("127.97.0.0/16");
    options.transit = *Ipv4Cidr::parse("100.122.0.0/15");
    network_.reset();
    network_ = std::make_unique<LinuxNetwork>(options, runner_);
    network_->on_metadata_listener([](const MetadataListener&) {}, [](const std::string&) {});
    must(network_->recover());
}

UniqueFd Stage::open_tap(size_t index) {
    auto tap = must(network_->open_tap(vpc_.id, interfaces_.at(index).id));
    allow_offloads(tap);
    return tap;
}

void Stage::add_rules(int count) {
    for (int first = 0; first < count; first += rules_of_group_max) {
        SecurityGroupSpec spec{fmt::format("sg-other{}", first), vpc_.id, {}};
        for (int i = first; i < std::min(count, first + rules_of_group_max); ++i)
            spec.rules.push_back(rule_for(i));
        apply(spec);
    }
}

SecurityGroupSpec Stage::group(int count, int changing) const {
    SecurityGroupSpec spec{
        "sg-members",
        vpc_.id,
        {{true, -1, -1, -1, Ipv4Cidr{}, ""}, {false, 6, port, port, Ipv4Cidr{}, ""}}};
    spec.rules.push_back({false, 17, changing, changing, Ipv4Cidr{}, ""});
    for (int i = 3; i < count; ++i)
        spec.rules.push_back(rule_for(i));
    return spec;
}

Guest::Guest(UniqueFd tap, const MacAddress& mac, Ipv4 address, const Ipv4Cidr& subnet, Ipv4 router)
    : tap_(std::move(tap)), stop_(::eventfd(0, EFD_CLOEXEC)) {
    std::thread([&] {
        if (::unshare(CLONE_NEWNET) != 0)
            must(Result<void>(fail(errors::internal, "cannot make the guest's namespace")));
        namespace_ = std::make_unique<NetworkNamespace>(must(NetworkNamespace::of_caller()));
        own_ = make_own_tap();
        allow_offloads(own_);
        auto links = must(Netlink::open());
        const int eth0 = must(links.link_index("eth0"));
        must(links.change_link(eth0, {.mac = mac}));
        must(links.ensure_address(eth0, address, subnet.prefix));
        must(links.change_link(eth0, {.up = true}));
        must(links.ensure_route({.destination = subnet, .link = eth0}));
        if (router != Ipv4{})
            must(links.ensure_route({.destination = Ipv4Cidr{}, .link = eth0, .via = router}));
    }).join();
    pump_ = std::thread([this] { pump(); });
}

Guest::~Guest() {
    ::eventfd_write(stop_.get(), 1);
    pump_.join();
}

void Guest::pump() {
    for (;;) {
        std::array<pollfd, 3> polled{
            {{stop_.get(), POLLIN, 0}, {tap_.get(), POLLIN, 0}, {own_.get(), POLLIN, 0}}};
        ::poll(polled.data(), polled.size(), -1);
        if (polled[0].revents != 0)
            return;
        copy_frames(tap_.get(), own_.get());
        copy_frames(own_.get(), tap_.get());
    }
}

Bridge make_bridge() {
    must(make_tap("plain1"));
    must(make_tap("plain2"));
    auto links = must(Netlink::open());
    must(links.ensure_bridge("plain"));
    const int bridge = must(links.link_index("plain"));
    must(links.change_link(bridge, {.up = true}));
    SystemProcessRunner runner;
    for (const char* name : {"plain1", "plain2"}) {
        must(links.change_link(must(links.link_index(name)), {.up = true}));
        must(runner.run({.argv = {"ip", "link", "set", name, "master", "plain"}}));
    }
    Bridge out{must(open_tap_fd("plain1")), must(open_tap_fd("plain2"))};
    allow_offloads(out.first);
    allow_offloads(out.second);
    return out;
}

double measure_throughput(const Guest& from, const Guest& to, Ipv4 address, int milliseconds) {
    const UniqueFd listener = must(to.inside().run([]() -> Result<UniqueFd> {
        UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const int on = 1;
        const auto name = name_of({});
        ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0 ||
            ::listen(fd.get(), 4) != 0)
            return fail(errors::internal, "cannot listen in a guest");
        return fd;
    }));
    const UniqueFd sender = must(from.inside().run([&]() -> Result<UniqueFd> {
        UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const auto name = name_of(address);
        for (int attempt = 0; attempt < 5; ++attempt)
            if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0)
                return fd;
        return fail(errors::internal, "the guests do not reach each other");
    }));
    const UniqueFd receiver(::accept(listener.get(), nullptr, nullptr));
    std::atomic<bool> is_over = false;
    std::thread writer([&] {
        static const std::array<char, 256 * 1024> block{};
        while (!is_over && ::send(sender.get(), block.data(), block.size(), MSG_NOSIGNAL) > 0) {
        }
        ::shutdown(sender.get(), SHUT_RDWR);
    });
    std::array<char, 256 * 1024> buffer;
    uint64_t bytes = 0;
    auto began = now();
    bool is_warm = false;
    for (;;) {
        const auto size = ::recv(receiver.get(), buffer.data(), buffer.size(), 0);
        if (size <= 0)
            break;
        bytes += static_cast<uint64_t>(size);
        const auto took = milliseconds_since(began);
        if (!is_warm && took > milliseconds / 4.0) { // slow start is over
            is_warm = true;
            began = now();
            bytes = 0;
        } else if (is_warm && took > milliseconds) {
            break;
        }
    }
    const double rate = static_cast<double>(bytes) * 8000 / milliseconds_since(began);
    is_over = true;
    ::shutdown(receiver.get(), SHUT_RDWR);
    writer.join();
    return rate;
}

} // namespace pileus::bench
