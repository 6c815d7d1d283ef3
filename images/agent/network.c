// SPDX-License-Identifier: Apache-2.0
// The primary interface by netlink: MAC, MTU, address and default route, in as many messages. The
// address has a lifetime and the route DHCP's mark: the image's DHCP client takes both over with
// its first lease.

#include "agent.h"

#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { lifetime_seconds = 3600, route_metric = 100, mac_bytes = 6 };

static const char interface_name[] = "eth0";

struct request {
    struct nlmsghdr header;
    char body[512];
};

static struct request request_for(int type, int flags, const void* head, size_t head_bytes) {
    struct request request;
    memset(&request, 0, sizeof request);
    request.header.nlmsg_len = NLMSG_LENGTH(head_bytes);
    request.header.nlmsg_type = (unsigned short)type;
    request.header.nlmsg_flags = (unsigned short)(NLM_F_REQUEST | NLM_F_ACK | flags);
    memcpy(NLMSG_DATA(&request.header), head, head_bytes);
    return request;
}

static void add(struct request* request, int type, const void* data, size_t bytes) {
    struct rtattr* attribute =
        (struct rtattr*)((char*)&request->header + NLMSG_ALIGN(request->header.nlmsg_len));
    attribute->rta_type = (unsigned short)type;
    attribute->rta_len = (unsigned short)RTA_LENGTH(bytes);
    memcpy(RTA_DATA(attribute), data, bytes);
    request->header.nlmsg_len =
        NLMSG_ALIGN(request->header.nlmsg_len) + RTA_ALIGN(attribute->rta_len);
}

// Whether the kernel did it.
static bool ask(int netlink, const struct request* request) {
    char answer[4096];
    if (send(netlink, request, request->header.nlmsg_len, 0) < 0)
        return false;
    const ssize_t got = recv(netlink, answer, sizeof answer, 0);
    const struct nlmsghdr* header = (const struct nlmsghdr*)answer;
    if (got < (ssize_t)NLMSG_LENGTH(sizeof(struct nlmsgerr)) || header->nlmsg_type != NLMSG_ERROR)
        return false;
    return ((const struct nlmsgerr*)NLMSG_DATA(header))->error == 0;
}

static bool parse_mac(const char* text, unsigned char* mac) {
    char end;
    return sscanf(text,
                  "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%c",
                  &mac[0],
                  &mac[1],
                  &mac[2],
                  &mac[3],
                  &mac[4],
                  &mac[5],
                  &end) == mac_bytes;
}

static bool set_link(int netlink, unsigned index, const char* mac_text, const char* mtu_text) {
    const struct ifinfomsg head = {.ifi_family = AF_UNSPEC,
                                   .ifi_index = (int)index,
                                   .ifi_flags = IFF_UP,
                                   .ifi_change = IFF_UP};
    struct request request = request_for(RTM_NEWLINK, 0, &head, sizeof head);
    unsigned char mac[mac_bytes];
    if (mac_text != NULL) {
        if (!parse_mac(mac_text, mac))
            return false;
        add(&request, IFLA_ADDRESS, mac, sizeof mac);
    }
    const unsigned mtu = mtu_text == NULL ? 0 : (unsigned)atoi(mtu_text);
    if (mtu > 0)
        add(&request, IFLA_MTU, &mtu, sizeof mtu);
    return ask(netlink, &request);
}

// Takes away what a copy of a running guest still has of the one that it was copied from.
static void drop_addresses(int netlink, unsigned index) {
    const struct ifaddrmsg head = {.ifa_family = AF_INET, .ifa_index = index};
    const struct request request = request_for(RTM_DELADDR, 0, &head, sizeof head);
    for (int i = 0; i < 16 && ask(netlink, &request); ++i) {
    }
}

static bool add_address(int netlink, unsigned index, struct in_addr address, int prefix) {
    const struct ifaddrmsg head = {
        .ifa_family = AF_INET, .ifa_prefixlen = (unsigned char)prefix, .ifa_index = index};
    const struct in_addr broadcast = {address.s_addr | htonl((uint32_t)(0xffffffffULL >> prefix))};
    const struct ifa_cacheinfo lifetime = {.ifa_prefered = lifetime_seconds,
                                           .ifa_valid = lifetime_seconds};
    struct request request =
        request_for(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, &head, sizeof head);
    add(&request, IFA_LOCAL, &address, sizeof address);
    add(&request, IFA_ADDRESS, &address, sizeof address);
    add(&request, IFA_BROADCAST, &broadcast, sizeof broadcast);
    add(&request, IFA_CACHEINFO, &lifetime, sizeof lifetime);
    return ask(netlink, &request);
}

static bool
add_default_route(int netlink, unsigned index, struct in_addr address, struct in_addr gateway) {
    const struct rtmsg head = {.rtm_family = AF_INET,
                               .rtm_table = RT_TABLE_MAIN,
                               .rtm_protocol = RTPROT_DHCP,
                               .rtm_scope = RT_SCOPE_UNIVERSE,
                               .rtm_type = RTN_UNICAST};
    const unsigned metric = route_metric;
    struct request request =
        request_for(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, &head, sizeof head);
    add(&request, RTA_GATEWAY, &gateway, sizeof gateway);
    add(&request, RTA_OIF, &index, sizeof index);
    add(&request, RTA_PREFSRC, &address, sizeof address);
    add(&request, RTA_PRIORITY, &metric, sizeof metric);
    return ask(netlink, &request);
}

const char* apply_network(const struct identity* identity) {
    const char* text = identity_value(identity, "address");
    if (text == NULL)
        return NULL; // a guest without an interface
    char plain[INET_ADDRSTRLEN] = "";
    const char* slash = strchr(text, '/');
    struct in_addr address, gateway;
    const int prefix = slash == NULL ? -1 : atoi(slash + 1);
    if (slash == NULL || (size_t)(slash - text) >= sizeof plain || prefix < 1 || prefix > 32)
        return "the address has no usable prefix length";
    memcpy(plain, text, (size_t)(slash - text));
    if (inet_pton(AF_INET, plain, &address) != 1)
        return "the address cannot be read";
    const unsigned index = if_nametoindex(interface_name);
    if (index == 0)
        return "there is no eth0";

    const int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (netlink < 0)
        return "no netlink socket";
    const char* failure = NULL;
    drop_addresses(netlink, index);
    if (!set_link(netlink, index, identity_value(identity, "mac"), identity_value(identity, "mtu")))
        failure = "eth0 took no MAC address or MTU";
    else if (!add_address(netlink, index, address, prefix))
        failure = "eth0 took no address";
    const char* router = identity_value(identity, "gateway");
    if (failure == NULL && router != NULL &&
        (inet_pton(AF_INET, router, &gateway) != 1 ||
         !add_default_route(netlink, index, address, gateway)))
        failure = "no default route";
    close(netlink);
    return failure;
}
