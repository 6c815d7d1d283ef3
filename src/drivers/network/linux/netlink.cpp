// SPDX-License-Identifier: Apache-2.0
#include "drivers/network/linux/netlink.h"

#include "drivers/network/linux/netlink_attributes.h"
#include "drivers/network/linux/netlink_message.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fmt/core.h>
#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <system_error>

namespace pileus::drivers {

namespace {

constexpr size_t receive_buffer_bytes = 65536;

std::string errno_text(int number) {
    return std::generic_category().message(number);
}

void read_statistics(const nlattr* attribute, Link& link) {
    rtnl_link_stats64 statistics{}; // in the message it is not aligned
    std::memcpy(&statistics,
                mnl_attr_get_payload(attribute),
                std::min<size_t>(sizeof statistics, mnl_attr_get_payload_len(attribute)));
    link.bytes_received = statistics.rx_bytes;
    link.bytes_sent = statistics.tx_bytes;
    link.packets_received = statistics.rx_packets;
    link.packets_sent = statistics.tx_packets;
}

Link read_link(const nlmsghdr* header) {
    const auto* fixed = static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(header));
    Link link{.index = fixed->ifi_index, .up = (fixed->ifi_flags & IFF_UP) != 0};
    for (const nlattr* attribute : Attributes::of_message(header, sizeof(ifinfomsg))) {
        if (mnl_attr_get_type(attribute) == IFLA_IFNAME)
            link.name = mnl_attr_get_str(attribute);
        if (mnl_attr_get_type(attribute) == IFLA_IFALIAS)
            link.alias = mnl_attr_get_str(attribute);
        if (mnl_attr_get_type(attribute) == IFLA_STATS64)
            read_statistics(attribute, link);
    }
    return link;
}

} // namespace

void Netlink::Close::operator()(mnl_socket* socket) const {
    mnl_socket_close(socket);
}

Netlink::Netlink(std::unique_ptr<mnl_socket, Close> socket) : socket_(std::move(socket)) {}

Result<Netlink> Netlink::open() {
    std::unique_ptr<mnl_socket, Close> socket(mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC));
    if (!socket || mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) != 0)
        return fail(errors::unavailable, "cannot open a netlink socket: " + errno_text(errno));
    return Netlink(std::move(socket));
}

Result<void> Netlink::exchange(nlmsghdr* message,
                               const std::function<bool(const nlmsghdr*)>& handle) {
    message->nlmsg_seq = ++sequence_;
    if (mnl_socket_sendto(socket_.get(), message, message->nlmsg_len) < 0)
        return fail(errors::unavailable, "cannot ask the kernel: " + errno_text(errno));
    std::array<char, receive_buffer_bytes> buffer;
    while (true) {
        const ssize_t size = mnl_socket_recvfrom(socket_.get(), buffer.data(), buffer.size());
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            return fail(errors::unavailable, "the kernel does not answer: " + errno_text(errno));
        int left = static_cast<int>(size);
        for (auto* header = static_cast<nlmsghdr*>(static_cast<void*>(buffer.data()));
             mnl_nlmsg_ok(header, left);
             header = mnl_nlmsg_next(header, &left)) {
            if (header->nlmsg_seq != sequence_)
                continue; // the rest of an answer that was given up
            if (header->nlmsg_type == NLMSG_DONE || !handle(header))
                return {};
        }
    }
}

Result<int> Netlink::request(nlmsghdr* message) {
    message->nlmsg_flags |= NLM_F_ACK;
    int number = 0;
    PILEUS_TRY(exchange(message, [&](const nlmsghdr* header) {
        if (header->nlmsg_type == NLMSG_ERROR)
            number = -static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(header))->error;
        return header->nlmsg_type != NLMSG_ERROR;
    }));
    return number;
}

Result<void> Netlink::require(nlmsghdr* message, const std::string& what, int tolerated_errno) {
    PILEUS_ASSIGN(const int number, request(message));
    if (number == 0 || number == tolerated_errno)
        return {};
    return fail(errors::unavailable, fmt::format("cannot {}: {}", what, errno_text(number)));
}

Result<std::vector<Link>> Netlink::links() {
    Message message(RTM_GETLINK, NLM_F_DUMP);
    message.fixed<ifinfomsg>().ifi_family = AF_UNSPEC;
    std::vector<Link> found;
    PILEUS_TRY(exchange(message.header(), [&](const nlmsghdr* header) {
        if (header->nlmsg_type == RTM_NEWLINK)
            found.push_back(read_link(header));
        return header->nlmsg_type != NLMSG_ERROR;
    }));
    return found;
}

Result<std::optional<Link>> Netlink::find_link(const std::string& name) {
    Message message(RTM_GETLINK, 0);
    message.fixed<ifinfomsg>().ifi_family = AF_UNSPEC;
    message.put(IFLA_IFNAME, name);
    std::optional<Link> found;
    int number = 0;
    PILEUS_TRY(exchange(message.header(), [&](const nlmsghdr* header) {
        if (header->nlmsg_type == RTM_NEWLINK)
            found = read_link(header);
        else if (header->nlmsg_type == NLMSG_ERROR)
            number = -static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(header))->error;
        return false;
    }));
    if (!found && number != ENODEV)
        return fail(errors::unavailable,
                    fmt::format("cannot look up the link {}: {}", name, errno_text(number)));
    return found;
}

Result<int> Netlink::link_index(const std::string& name) {
    PILEUS_ASSIGN(const auto link, find_link(name));
    if (!link)
        return fail(errors::not_found, fmt::format("there is no link {}", name));
    return link->index;
}

Result<void> Netlink::ensure_bridge(const std::string& name) {
    Message message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
    message.fixed<ifinfomsg>().ifi_family = AF_UNSPEC;
    message.put(IFLA_IFNAME, name);
    message.nest(IFLA_LINKINFO, [&] { message.put(IFLA_INFO_KIND, std::string("bridge")); });
    return require(message.header(), "make the bridge " + name, EEXIST);
}

Result<void> Netlink::ensure_veth(const std::string& name,
                                  const std::string& peer_name,
                                  int peer_namespace_fd,
                                  int mtu) {
    Message message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
    message.fixed<ifinfomsg>().ifi_family = AF_UNSPEC;
    message.put(IFLA_IFNAME, name);
    message.put(IFLA_MTU, static_cast<uint32_t>(mtu));
    message.nest(IFLA_LINKINFO, [&] {
        message.put(IFLA_INFO_KIND, std::string("veth"));
        message.nest(IFLA_INFO_DATA, [&] {
            message.nest(VETH_INFO_PEER, [&] {
                message.fixed<ifinfomsg>().ifi_family = AF_UNSPEC;
                message.put(IFLA_IFNAME, peer_name);
                message.put(IFLA_MTU, static_cast<uint32_t>(mtu));
                message.put(IFLA_NET_NS_FD, static_cast<uint32_t>(peer_namespace_fd));
            });
        });
    });
    return require(message.header(), fmt::format("make the link {}-{}", name, peer_name), EEXIST);
}

Result<void> Netlink::change_link(int index, const LinkChange& change) {
    Message message(RTM_NEWLINK, 0);
    auto& fixed = message.fixed<ifinfomsg>();
    fixed.ifi_family = AF_UNSPEC;
    fixed.ifi_index = index;
    if (change.up) {
        fixed.ifi_change = IFF_UP;
        fixed.ifi_flags = *change.up ? IFF_UP : 0;
    }
    if (change.mtu)
        message.put(IFLA_MTU, static_cast<uint32_t>(*change.mtu));
    if (change.mac)
        message.put(IFLA_ADDRESS, *change.mac);
    if (change.alias)
        message.put(IFLA_IFALIAS, *change.alias);
    return require(message.header(), fmt::format("change link {}", index), 0);
}

Result<void> Netlink::remove_link(const std::string& name) {
    Message message(RTM_DELLINK, 0);
    message.fixed<ifinfomsg>().ifi_family = AF_UNSPEC;
    message.put(IFLA_IFNAME, name);
    return require(message.header(), "remove the link " + name, ENODEV);
}

Result<void> Netlink::remove_all_links() {
    PILEUS_ASSIGN(const auto all, links());
    for (const auto& link : all)
        if (link.name != "lo")
            (void)remove_link(link.name); // the kernel keeps some of its own
    return {};
}

} // namespace pileus::drivers
