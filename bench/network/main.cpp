// SPDX-License-Identifier: Apache-2.0
//
// pileus-network-bench: what the network driver costs, in a network namespace of its own. Prints
// one JSON object of raw samples.
//   enforce RULES MEMBERS N    milliseconds from the call that changes a rule to the first packet
//   that it lets pass cost RULES MEMBERS N       milliseconds of a change of one rule of a group of
//   RULES, and of a small group beside it resync RULES MEMBERS N     milliseconds in which a driver
//   that starts anew takes everything over throughput MS N            bits a second of a TCP
//   connection: the driver's network and a bare bridge, and the bridge again (ABBA)

#include "network/stage.h"

#include <arpa/inet.h>
#include <cstdio>
#include <cstdlib>
#include <fmt/core.h>
#include <map>
#include <poll.h>
#include <string_view>
#include <sys/socket.h>

using namespace pileus;
using namespace pileus::bench;

namespace {

using Samples = std::map<std::string, std::vector<double>>;

void print(const Samples& samples) {
    std::string text;
    for (const auto& [name, values] : samples) {
        std::string list;
        for (const auto value : values)
            list += fmt::format("{}{:.6g}", list.empty() ? "" : ",", value);
        text += fmt::format("{}\"{}\":[{}]", text.empty() ? "" : ",", name, list);
    }
    std::printf("{%s}\n", text.c_str());
}

std::unique_ptr<Guest> guest_of(Stage& stage, size_t index) {
    const auto& interface = stage.interfaces()[index];
    const Ipv4Cidr subnet{Ipv4{interface.private_ip().value & 0xffff'f000}, 20};
    return std::make_unique<Guest>(
        stage.open_tap(index), interface.mac, interface.private_ip(), subnet, subnet.at(1));
}

UniqueFd udp_socket(const Guest& guest, uint16_t port) {
    return must(guest.inside().run([&]() -> Result<UniqueFd> {
        UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        sockaddr_in name{};
        name.sin_family = AF_INET;
        name.sin_port = htons(port);
        if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0)
            return fail(errors::internal, "cannot bind in a guest");
        return fd;
    }));
}

// Until a datagram from one guest reaches the port of the other; each is a connection of its own.
void send_until_it_passes(const Guest& from, const UniqueFd& to, Ipv4 address, uint16_t port) {
    for (uint16_t source = 10000; source < 15000; ++source) {
        const auto fd = udp_socket(from, source);
        sockaddr_in name{};
        name.sin_family = AF_INET;
        name.sin_port = htons(port);
        name.sin_addr.s_addr = htonl(address.value);
        (void)!::sendto(fd.get(), "x", 1, 0, reinterpret_cast<const sockaddr*>(&name), sizeof name);
        pollfd polled{to.get(), POLLIN, 0};
        if (::poll(&polled, 1, 2) > 0)
            return;
    }
    must(Result<void>(fail(errors::internal, "the packet that the rule allows never passed")));
}

Samples enforce(int rules, int members, int count) {
    Stage stage(members);
    stage.add_rules(rules);
    const auto a = guest_of(stage, 0), b = guest_of(stage, 1);
    const auto address = stage.interfaces()[1].private_ip();
    const auto port_of = [](int turn) { return static_cast<uint16_t>(2000 + turn); };
    stage.apply(stage.group(rules, port_of(0)));
    send_until_it_passes(*a, udp_socket(*b, port_of(0)), address, port_of(0)); // the links are up
    Samples samples;
    for (int i = 1; i <= count; ++i) {
        const auto receiver = udp_socket(*b, port_of(i));
        const auto began = now();
        stage.apply(stage.group(rules, port_of(i)));
        samples["applied_ms"].push_back(milliseconds_since(began));
        send_until_it_passes(*a, receiver, address, port_of(i));
        samples["enforced_ms"].push_back(milliseconds_since(began));
    }
    return samples;
}

Samples cost(int rules, int members, int count) {
    Stage stage(members);
    stage.add_rules(rules);
    Samples samples;
    const int in_one_group = std::min(rules, 1000); // EC2's own limit
    for (int i = 0; i < count; ++i) {
        auto began = now();
        stage.apply(stage.group(in_one_group, 1000 + i));
        samples["large_group_ms"].push_back(milliseconds_since(began));
        auto small = stage.group(10, 1000 + i);
        small.id = "sg-small";
        began = now();
        stage.apply(small);
        samples["small_group_ms"].push_back(milliseconds_since(began));
    }
    return samples;
}

Samples resync(int rules, int members, int count) {
    Stage stage(members);
    stage.add_rules(rules);
    Samples samples;
    for (int i = 0; i < count; ++i) {
        const auto began = now();
        stage.restart();
        samples["resync_ms"].push_back(milliseconds_since(began));
    }
    return samples;
}

Samples throughput(int milliseconds, int count) {
    Stage stage(2);
    stage.add_rules(1000);
    stage.apply(stage.group(1000, 1000));
    const auto a = guest_of(stage, 0), b = guest_of(stage, 1);
    auto bridge = make_bridge();
    const auto subnet = *Ipv4Cidr::parse("10.7.0.0/24");
    const MacAddress mac_c{{2, 0, 0, 0, 7, 1}}, mac_d{{2, 0, 0, 0, 7, 2}};
    const Guest c(std::move(bridge.first), mac_c, subnet.at(1), subnet, {});
    const Guest d(std::move(bridge.second), mac_d, subnet.at(2), subnet, {});
    const auto subject = [&] {
        return measure_throughput(*a, *b, stage.interfaces()[1].private_ip(), milliseconds);
    };
    const auto baseline = [&] { return measure_throughput(c, d, subnet.at(2), milliseconds); };
    subject();
    baseline();
    Samples samples;
    for (int i = 0; i < count; ++i) { // A B B A, and the baseline once more beside itself
        samples["vpc"].push_back(subject());
        samples["bridge"].push_back(baseline());
        samples["bridge_again"].push_back(baseline());
        samples["bridge"].push_back(samples["bridge_again"].back());
        samples["vpc"].push_back(subject());
    }
    return samples;
}

} // namespace

int main(int argc, char** argv) {
    const std::string_view what = argc > 1 ? argv[1] : "";
    const auto number = [&](int at) { return argc > at ? std::atoi(argv[at]) : 0; };
    enter_own_network();
    if (what == "enforce" && argc == 5)
        print(enforce(number(2), number(3), number(4)));
    else if (what == "cost" && argc == 5)
        print(cost(number(2), number(3), number(4)));
    else if (what == "resync" && argc == 5)
        print(resync(number(2), number(3), number(4)));
    else if (what == "throughput" && argc == 4)
        print(throughput(number(2), number(3)));
    else
        std::fprintf(
            stderr,
            "pileus-network-bench enforce|cost|resync RULES MEMBERS N, or throughput MS N\n");
    return 0;
}
