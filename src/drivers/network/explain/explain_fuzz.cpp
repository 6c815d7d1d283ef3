// SPDX-License-Identifier: Apache-2.0
// Any view, also one that makes no sense, and any packet: explain() ends, says the same twice, and
// its verdict fits its hops.
#include "drivers/network/explain/explain.h"

#include <cstdint>
#include <cstdlib>
#include <fmt/core.h>

namespace {

using namespace pileus;
using namespace pileus::drivers;

class Source {
  public:
    Source(const uint8_t* data, size_t size) : data_(data), size_(size) {}
    uint8_t byte() { return at_ < size_ ? data_[at_++] : 0; }
    int below(int limit) { return byte() % limit; }
    bool flip() { return (byte() & 1) != 0; }
    // Few different ones, so that they meet.
    Ipv4 v4() {
        return Ipv4{0x0a00'0000u | static_cast<uint32_t>(below(4)) << 8 |
                    static_cast<uint32_t>(below(16))};
    }
    Ipv6 v6() {
        Ipv6 address;
        address.bytes[0] = 0xfd;
        address.bytes[7] = static_cast<uint8_t>(below(4));
        address.bytes[15] = static_cast<uint8_t>(below(16));
        return address;
    }
    IpAddress address() { return flip() ? IpAddress(v4()) : IpAddress(v6()); }
    IpCidr block() {
        if (flip())
            return *Ipv4Cidr::parse(fmt::format("{}/{}", v4().str(), below(33)));
        return *Ipv6Cidr::parse(fmt::format("{}/{}", v6().str(), below(129)));
    }
    std::string id(const char* prefix) { return fmt::format("{}-{}", prefix, below(4)); }

  private:
    const uint8_t* data_;
    size_t size_;
    size_t at_ = 0;
};

int small(Source& in) {
    return in.below(12) - 1;
}

VpcSpec make_vpc(Source& in) {
    VpcSpec vpc;
    vpc.id = in.id("vpc");
    for (int i = in.below(3); i > 0; --i)
        vpc.cidrs.push_back({in.v4(), 24});
    for (int i = in.below(2); i > 0; --i)
        vpc.ipv6_cidrs.push_back({in.v6(), 56});
    vpc.internet_gateway = in.flip();
    for (int i = in.below(4); i > 0; --i)
        vpc.subnets.push_back(
            {in.id("subnet"), {in.v4(), 28}, Ipv6Cidr{in.v6(), 64}, in.id("rtb"), in.id("acl")});
    for (int i = in.below(4); i > 0; --i) {
        RouteTableSpec table{in.id("rtb"), {}};
        for (int k = in.below(4); k > 0; --k)
            table.routes.push_back({in.block(),
                                    static_cast<RouteTarget>(in.below(5)),
                                    in.id(in.flip() ? "eni" : "pcx")});
        vpc.route_tables.push_back(table);
    }
    for (int i = in.below(3); i > 0; --i) {
        NetworkAclSpec acl{in.id("acl"), {}};
        for (int k = in.below(5); k > 0; --k)
            acl.entries.push_back(
                {in.below(200), in.flip(), in.flip(), small(in), in.block(), small(in), small(in)});
        vpc.network_acls.push_back(acl);
    }
    for (int i = in.below(3); i > 0; --i)
        vpc.peerings.push_back({in.id("pcx"), in.id("vpc"), {in.block()}});
    return vpc;
}

NetworkView make_view(Source& in) {
    NetworkView view;
    for (int i = in.below(4); i > 0; --i)
        view.vpcs.push_back(make_vpc(in));
    for (int i = in.below(4); i > 0; --i) {
        SecurityGroupSpec group{in.id("sg"), in.id("vpc"), {}};
        for (int k = in.below(4); k > 0; --k) {
            TrafficRule rule{in.flip(), small(in), small(in), small(in), std::nullopt, ""};
            if (in.flip())
                rule.peer_cidr = in.block();
            else
                rule.peer_security_group_id = in.id("sg");
            group.rules.push_back(rule);
        }
        view.groups.push_back(group);
    }
    for (int i = in.below(5); i > 0; --i) {
        InterfaceSpec interface;
        interface.id = in.id("eni");
        interface.vpc_id = in.id("vpc");
        interface.subnet_id = in.id("subnet");
        interface.kind = in.flip() ? InterfaceKind::guest : InterfaceKind::nat_gateway;
        for (int k = in.below(3); k > 0; --k)
            interface.addresses.push_back(
                {in.v4(), in.flip() ? std::optional(in.v4()) : std::nullopt});
        for (int k = in.below(2); k > 0; --k)
            interface.ipv6_addresses.push_back(in.v6());
        interface.source_dest_check = in.flip();
        interface.security_group_ids = {in.id("sg")};
        view.interfaces.push_back(interface);
    }
    view.egress = in.flip();
    return view;
}

Party make_party(Source& in) {
    Party party;
    if (in.flip())
        party.interface_id = in.id("eni");
    if (in.flip())
        party.address = in.address();
    return party;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    Source in(data, size);
    const auto view = make_view(in);
    static constexpr int known[] = {1, 6, 17, 58, 50};
    const Packet packet{make_party(in),
                        make_party(in),
                        known[in.below(5)],
                        in.below(12),
                        in.below(3),
                        in.below(12)};
    const auto first = explain(view, packet), second = explain(view, packet);
    const auto* stop = first.stop();
    const bool is_same = first.arrives == second.arrives &&
                         first.is_answered == second.is_answered &&
                         first.hops.size() == second.hops.size();
    const bool fits = !first.hops.empty() && first.is_answered == (stop == nullptr) &&
                      first.arrives == (stop == nullptr || stop->is_answer);
    if (!is_same || !fits)
        std::abort();
    return 0;
}
