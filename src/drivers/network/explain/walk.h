// SPDX-License-Identifier: Apache-2.0
#pragma once

// The way of one packet through a NetworkView, and of its answer back. Used by explain() alone; one
// thread.

#include "drivers/network/explain/explain.h"

#include <algorithm>
#include <string>
#include <vector>

namespace pileus::drivers {

class Walk {
  public:
    explicit Walk(const NetworkView& view) : view_(view) {}
    Explanation take(const Packet& packet);

  private:
    // Where a packet went into a subnet or out of it: the answer comes the same way back, and its
    // ACLs and routes are asked again.
    struct Crossing {
        const VpcSpec* vpc;
        const SubnetSpec* subnet;
        bool is_leaving;
        Header header;      // as it was there
        RouteSpec way_back; // entering: where the answer's route must lead
        bool is_local;      // entering: from inside the VPC
    };
    // Each step says whether the packet goes on.
    bool from_inside(const InterfaceSpec& sender);
    bool from_outside();
    bool check_sender(const InterfaceSpec& sender, const VpcSpec& vpc);
    bool to_service(const InterfaceSpec& sender,
                    const VpcSpec& vpc); // whether it was one of the VPC's own services
    bool check_groups(const InterfaceSpec& interface, bool egress);
    bool check_acl(const VpcSpec& vpc,
                   const SubnetSpec& subnet,
                   bool egress,
                   const Header& header,
                   bool is_answer);
    bool route(const VpcSpec& vpc, const SubnetSpec& subnet, int routers_left);
    bool leave(const VpcSpec& vpc, const SubnetSpec& subnet);
    bool no_route(const VpcSpec& vpc, const SubnetSpec& subnet, const RouteChoice* hole);
    bool
    deliver(const VpcSpec& vpc, const SubnetSpec* from, const RouteSpec& way_back, bool is_local);
    bool to_interface(const VpcSpec& vpc,
                      const SubnetSpec& from,
                      const std::string& id,
                      int routers_left);
    bool translate(const VpcSpec& vpc, const InterfaceSpec& gateway, int routers_left);
    bool to_internet(const VpcSpec& vpc, const InterfaceSpec* sender, bool egress_only);
    bool from_internet();
    bool to_peer(const VpcSpec& vpc, const RouteSpec& route);
    bool arrive(const InterfaceSpec& receiver);
    bool answer();
    bool answer_leaves(const Crossing& crossing);

    const InterfaceSpec* find_interface(const std::string& id) const;
    const InterfaceSpec* find_address(const std::string& vpc_id, const IpAddress& address) const;
    const InterfaceSpec* find_public(const IpAddress& address) const;
    const VpcSpec* find_vpc(const std::string& id) const;
    bool is_member(const std::string& group_id,
                   const std::string& vpc_id,
                   const IpAddress& address) const;
    const TrafficRule*
    find_rule(const SecurityGroupSpec& group, bool egress, const Header& header) const;
    std::string name(const std::string& interface_id) const; // "eni-1 (i-1)"
    std::string gateway_name(const std::string& vpc_id) const;
    bool resolve(const Packet& packet);

    bool pass(std::string kind, std::string id, std::string text, bool is_answer = false);
    bool stop(std::string kind,
              std::string id,
              std::string text,
              std::string command = {},
              bool is_answer = false);

    const NetworkView& view_;
    Explanation out_;
    Header header_;
    const InterfaceSpec* sender_ = nullptr; // nullptr: outside
    const InterfaceSpec* receiver_ =
        nullptr;                          // whom the caller meant, nullptr: whoever has the address
    const InterfaceSpec* last_ = nullptr; // who sent it last: the sender, or a NAT gateway
    bool is_at_appliance_ = false;
    std::vector<Crossing> crossings_;
};

bool has_address(const InterfaceSpec& interface, const IpAddress& address);
bool is_in(const VpcSpec& vpc, const IpAddress& address);
bool is_in(const SubnetSpec& subnet, const IpAddress& address);
std::string describe(const RouteChoice& choice);

template <class List> auto* find_by_id(const List& list, const std::string& id) {
    const auto found =
        std::find_if(list.begin(), list.end(), [&](const auto& item) { return item.id == id; });
    return found == list.end() ? nullptr : &*found;
}

} // namespace pileus::drivers
