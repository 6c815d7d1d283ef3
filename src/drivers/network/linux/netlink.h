// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/net.h"
#include "base/result.h"

#include <memory>
#include <optional>
#include <string>
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

enum class RouteKind { unicast, unreachable, blackhole };

struct Route {
    Ipv4Cidr destination;
    RouteKind kind = RouteKind::unicast;
    int link = 0;            // unicast only
    std::optional<Ipv4> via; // reached over `link` whatever the addresses there say
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
    Result<void> ensure_address(int link, Ipv4 address, int prefix);
    Result<void> ensure_route(const Route& route);
    Result<void> remove_route(const Route& route);
    Result<std::optional<int>> default_route_link();
    // Whether a route to exactly this block exists over another link than `link`.
    Result<bool> has_foreign_route(const Ipv4Cidr& block, int link);
    Result<void> ensure_neighbor(int link, Ipv4 address, const MacAddress& mac);

  private:
    struct Close {
        void operator()(mnl_socket* socket) const;
    };
    struct FoundRoute {
        Ipv4Cidr destination;
        int link;
    };

    explicit Netlink(std::unique_ptr<mnl_socket, Close> socket);
    template <class Handle> Result<void> exchange(nlmsghdr* message, Handle handle);
    // The kernel's errno, 0 for success; a Result only for a socket that broke.
    Result<int> request(nlmsghdr* message);
    Result<void> require(nlmsghdr* message, const std::string& what, int tolerated_errno);
    Result<std::vector<FoundRoute>> routes();

    std::unique_ptr<mnl_socket, Close> socket_;
    unsigned sequence_ = 0;
};

} // namespace pileus::drivers
