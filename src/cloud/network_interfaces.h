// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cloud/client_token.h"
#include "cloud/context.h"
#include "cloud/filters.h"
#include "cloud/interface_request.h"
#include "cloud/paging.h"
#include "cloud/tags.h"
#include "domain/address.h"
#include "domain/network_interface.h"
#include "domain/tag.h"

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace pileus::cloud {

// CreateNetworkInterface.
struct NetworkInterfaceCreation {
    std::string subnet_id;
    std::string description;
    std::vector<std::string> security_group_ids;
    InterfaceAddresses addresses;
    std::vector<TagSpecification> tag_specifications;
    ClientToken client_token;
};

struct NetworkInterfaceView {
    domain::NetworkInterface interface;
    std::string zone_id;
    std::map<std::string, std::string> group_names; // id → name
    std::vector<domain::Address> elastic_addresses; // those that stand for an address of it
    bool has_dns_names = false;                     // the VPC's enableDnsHostnames
    std::string nat_gateway_id;                     // whose interface it is; "" when none
    domain::Tags tags;

    const domain::Address* elastic_address_of(const std::string& private_ip) const;
};

// EC2's words for where an interface is between available and in use.
std::string_view interface_status(const domain::NetworkInterface& interface);
std::string_view attachment_status(const domain::NetworkInterface& interface);

// AttachNetworkInterface.
struct InterfaceAttachment {
    std::string network_interface_id;
    std::string instance_id;
    int device_index = 0;
};

// The one attribute that a ModifyNetworkInterfaceAttribute changes.
namespace interface_change {
struct Description {
    std::string value;
};
struct SecurityGroups {
    std::vector<std::string> ids;
};
struct SourceDestCheck {
    bool value;
};
struct DeleteOnTermination {
    std::string attachment_id;
    bool value;
};
struct AssociatePublicIp {
    bool value;
};
} // namespace interface_change
using NetworkInterfaceChange = std::variant<interface_change::Description,
                                            interface_change::SecurityGroups,
                                            interface_change::SourceDestCheck,
                                            interface_change::DeleteOnTermination,
                                            interface_change::AssociatePublicIp>;

// AssignPrivateIpAddresses and AssignIpv6Addresses.
struct PrivateAddressAssignment {
    std::vector<std::string> addresses;
    std::optional<int> count;
    bool allow_reassignment = false;
};
struct Ipv6AddressAssignment {
    std::vector<std::string> addresses;
    std::optional<int> count;
};

// Elastic network interfaces: of instances, and those that stand alone. NAT gateways' are shown and
// otherwise left to their gateway. Each change writes rows and enqueues work; the engine plugs.
class NetworkInterfaces {
  public:
    explicit NetworkInterfaces(const Context& context) : context_(context) {}

    Result<NetworkInterfaceView> create(const domain::Caller& caller,
                                        const NetworkInterfaceCreation& request);
    Result<void> erase(const domain::Caller& caller, const std::string& id);
    Result<Listing<NetworkInterfaceView>> describe(const domain::Caller& caller,
                                                   const std::vector<std::string>& ids,
                                                   const Filters& filters,
                                                   const PageRequest& page);
    Result<NetworkInterfaceView> describe_one(const domain::Caller& caller, const std::string& id);

    // The id of the attachment.
    Result<std::string> attach(const domain::Caller& caller, const InterfaceAttachment& request);
    Result<void> detach(const domain::Caller& caller, const std::string& attachment_id);

    Result<void> modify(const domain::Caller& caller,
                        const std::string& id,
                        const NetworkInterfaceChange& change);

    // What was assigned, or taken away.
    Result<std::vector<std::string>>
    assign_private_addresses(const domain::Caller& caller,
                             const std::string& id,
                             const PrivateAddressAssignment& request);
    Result<void> unassign_private_addresses(const domain::Caller& caller,
                                            const std::string& id,
                                            const std::vector<std::string>& addresses);
    Result<std::vector<std::string>> assign_ipv6_addresses(const domain::Caller& caller,
                                                           const std::string& id,
                                                           const Ipv6AddressAssignment& request);
    Result<std::vector<std::string>>
    unassign_ipv6_addresses(const domain::Caller& caller,
                            const std::string& id,
                            const std::vector<std::string>& addresses);

  private:
    const Context& context_;
};

} // namespace pileus::cloud
