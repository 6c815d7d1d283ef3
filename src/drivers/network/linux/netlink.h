// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/net.h"
#include "base/result.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

struct mnl_socket;
struct nlmsghdr;

namespace pileus::drivers {

struct Link {
    int index = 0;
    std::string name;
    std::string alias; // what the link is for, in our words: an interface's id
    bool up = false;
    // What came in by it and what went out, in the kernel's words: since the link was made.
    uint64_t bytes_received = 0;
    uint64_t bytes_sent = 0;
    uint64_t packets_received = 0;
    uint64_t packets_sent = 0;
};

struct LinkChange {
    std::optional<bool> up;
    std::optional<int> mtu;
    std::optional<MacAddress> mac;
    std::optional<std::string> alias;
};

using IpAddress = std::variant<Ipv4, Ipv6>;
std::string to_string(const IpAddress& address);

enum class IpFamily { ipv4, ipv6 };
inline constexpr IpFamily both_families[] = {IpFamily::ipv4, IpFamily::ipv6};

enum class RouteKind {
    unicast,
    unreachable, // the sender is told
    blackhole,   // nobody is told
    pass_on,     // the next policy rule decides ("throw")
};

inline constexpr uint32_t main_table = 254;

struct Route {
    IpCidr destination;
    RouteKind kind = RouteKind::unicast;
    int link = 0;                 // unicast only
    std::optional<IpAddress> via; // reached over `link` whatever the addresses there say
    uint32_t table = main_table;

    friend auto operator<=>(const Route&, const Route&) = default;
};

// Which packets ask which routing table. A lower priority is asked first.
struct PolicyRule {
    IpFamily family = IpFamily::ipv4;
    uint32_t priority = 0;
    uint32_t mark = 0; // with mark_mask: of the packet; no mask, any packet
    uint32_t mark_mask = 0;
    std::optional<IpCidr> destination;
    bool of_this_host = false; // only what the namespace itself sends
    uint32_t table = main_table;

    friend auto operator<=>(const PolicyRule&, const PolicyRule&) = default;
};

// Links, addresses, routes and neighbours of one network namespace: that of the thread which called
// open(), for ever. rtnetlink over libmnl; no process is started. One thread at a time; the owner
// locks. Every call waits for the kernel's answer. "ensure" succeeds when the thing is there
// already, "remove" when it is not.
class Netlink {
  public:
    static Result<Netlink> open();

    Result<std::vector<Link>> links();
    Result<std::optional<Link>> find_link(const std::string& name);
    Result<int> link_index(const std::string& name); // an error when there is none

    Result<void> ensure_bridge(const std::string& name);
    // The peer appears in the other namespace under its own name, both ends with this MTU.
    Result<void> ensure_veth(const std::string& name,
                             const std::string& peer_name,
                             int peer_namespace_fd,
                             int mtu);
    Result<void> change_link(int index, const LinkChange& change);
    Result<void> remove_link(const std::string& name);
    Result<void> remove_all_links(); // but the loopback one

    // Without a route to the prefix: only the address itself is ours.
    Result<void> ensure_address(int link, const IpAddress& address, int prefix);
    Result<void> remove_address(int link, const IpAddress& address, int prefix);
    Result<void> ensure_route(const Route& route);
    Result<void> remove_route(const Route& route);
    Result<std::vector<Route>> routes(IpFamily family); // of all tables but the kernel's own
    Result<std::optional<int>> default_route_link();
    // Whether a route to exactly this block exists over another link than `link`.
    Result<bool> has_foreign_route(const Ipv4Cidr& block, int link);
    Result<void> ensure_neighbor(int link, const IpAddress& address, const MacAddress& mac);
    Result<void> remove_neighbor(int link, const IpAddress& address);
    // Answers neighbour solicitations and ARP for an address that is elsewhere.
    Result<void> ensure_proxy_neighbor(int link, const IpAddress& address);
    Result<void> remove_proxy_neighbor(int link, const IpAddress& address);

    Result<void> ensure_rule(const PolicyRule& rule);
    Result<void> remove_rule(const PolicyRule& rule);
    Result<std::vector<PolicyRule>> rules(IpFamily family); // in the order in which they are asked

  private:
    struct Close {
        void operator()(mnl_socket* socket) const;
    };

    explicit Netlink(std::unique_ptr<mnl_socket, Close> socket);
    Result<void> exchange(nlmsghdr* message, const std::function<bool(const nlmsghdr*)>& handle);
    // The kernel's errno, 0 for success; a Result only for a socket that broke.
    Result<int> request(nlmsghdr* message);
    Result<void> require(nlmsghdr* message, const std::string& what, int tolerated_errno);

    std::unique_ptr<mnl_socket, Close> socket_;
    unsigned sequence_ = 0;
};

} // namespace pileus::drivers
