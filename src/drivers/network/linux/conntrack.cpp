// SPDX-License-Identifier: Apache-2.0
#include "drivers/network/linux/conntrack.h"

#include "drivers/network/linux/netlink_attributes.h"
#include "drivers/network/linux/netlink_message.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fmt/core.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <memory>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <system_error>
#include <vector>

namespace pileus::drivers {

namespace {

constexpr size_t receive_buffer_bytes = 65536;

struct CloseSocket {
    void operator()(mnl_socket* socket) const { mnl_socket_close(socket); }
};
using Socket = std::unique_ptr<mnl_socket, CloseSocket>;

tl::unexpected<Error> fail_errno(const char* what) {
    return fail(errors::unavailable,
                fmt::format("cannot {}: {}", what, std::generic_category().message(errno)));
}

// The tuple of a connection as the kernel wrote it: it is sent back unread when the connection is
// to be deleted.
using Tuple = std::vector<char>;

bool is_address(const nlattr* attribute, const IpAddress& address) {
    const auto type = mnl_attr_get_type(attribute);
    if (const auto* v4 = std::get_if<Ipv4>(&address))
        return (type == CTA_IP_V4_SRC || type == CTA_IP_V4_DST) &&
               ntohl(mnl_attr_get_u32(attribute)) == v4->value;
    const auto& bytes = std::get<Ipv6>(address).bytes;
    return (type == CTA_IP_V6_SRC || type == CTA_IP_V6_DST) &&
           mnl_attr_get_payload_len(attribute) == bytes.size() &&
           std::memcmp(mnl_attr_get_payload(attribute), bytes.data(), bytes.size()) == 0;
}

bool names_address(const nlattr* tuple, const IpAddress& address) {
    for (const nlattr* part : Attributes::inside(tuple)) {
        if (mnl_attr_get_type(part) != CTA_TUPLE_IP)
            continue;
        for (const nlattr* ip : Attributes::inside(part))
            if (is_address(ip, address))
                return true;
    }
    return false;
}

nlmsghdr*
start_message(char* buffer, uint16_t type, uint16_t flags, unsigned sequence, IpFamily family) {
    nlmsghdr* const header = mnl_nlmsg_put_header(buffer);
    header->nlmsg_type = static_cast<uint16_t>(NFNL_SUBSYS_CTNETLINK << 8 | type);
    header->nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | flags);
    header->nlmsg_seq = sequence;
    auto* const fixed =
        static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(header, sizeof(nfgenmsg)));
    fixed->nfgen_family = family_number(family);
    fixed->version = NFNETLINK_V0;
    return header;
}

Result<std::vector<Tuple>> connections_of(mnl_socket* socket, const IpAddress& address) {
    alignas(nlmsghdr) std::array<char, 256> request{};
    nlmsghdr* const message =
        start_message(request.data(), IPCTNL_MSG_CT_GET, NLM_F_DUMP, 1, family_of(address));
    if (mnl_socket_sendto(socket, message, message->nlmsg_len) < 0)
        return fail_errno("ask for connections");

    std::vector<Tuple> found;
    std::array<char, receive_buffer_bytes> buffer;
    while (true) {
        const ssize_t size = mnl_socket_recvfrom(socket, buffer.data(), buffer.size());
        if (size < 0)
            return fail_errno("read connections");
        int left = static_cast<int>(size);
        for (auto* header = static_cast<nlmsghdr*>(static_cast<void*>(buffer.data()));
             mnl_nlmsg_ok(header, left);
             header = mnl_nlmsg_next(header, &left)) {
            if (header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR)
                return found;
            const nlattr* original = nullptr;
            bool concerned = false;
            for (const nlattr* attribute : Attributes::of_message(header, sizeof(nfgenmsg))) {
                const auto type = mnl_attr_get_type(attribute);
                if (type == CTA_TUPLE_ORIG)
                    original = attribute;
                if (type == CTA_TUPLE_ORIG || type == CTA_TUPLE_REPLY)
                    concerned = concerned || names_address(attribute, address);
            }
            if (concerned && original != nullptr) {
                const auto* bytes = static_cast<const char*>(mnl_attr_get_payload(original));
                found.emplace_back(bytes, bytes + mnl_attr_get_payload_len(original));
            }
        }
    }
}

Result<void> forget(mnl_socket* socket, const Tuple& tuple, unsigned sequence, IpFamily family) {
    alignas(nlmsghdr) std::array<char, 1024> buffer{};
    nlmsghdr* const message =
        start_message(buffer.data(), IPCTNL_MSG_CT_DELETE, NLM_F_ACK, sequence, family);
    mnl_attr_put(message, CTA_TUPLE_ORIG | NLA_F_NESTED, tuple.size(), tuple.data());
    if (mnl_socket_sendto(socket, message, message->nlmsg_len) < 0)
        return fail_errno("forget a connection");
    // The answer says whether it was still there; both are well.
    if (mnl_socket_recvfrom(socket, buffer.data(), buffer.size()) < 0)
        return fail_errno("forget a connection");
    return {};
}

} // namespace

Result<void> forget_connections(const IpAddress& address) {
    const Socket socket(mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC));
    if (!socket || mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) != 0)
        return fail_errno("open a netlink socket");
    PILEUS_ASSIGN(const auto tuples, connections_of(socket.get(), address));
    unsigned sequence = 1;
    for (const auto& tuple : tuples)
        PILEUS_TRY(forget(socket.get(), tuple, ++sequence, family_of(address)));
    return {};
}

} // namespace pileus::drivers
