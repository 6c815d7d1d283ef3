// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cloud/context.h"
#include "cloud/filters.h"
#include "cloud/paging.h"
#include "cloud/tags.h"
#include "domain/routing.h"
#include "domain/vpc.h"

#include <optional>
#include <string>
#include <vector>

namespace pileus::cloud {

// One end of a peering, as the caller may see it: the blocks of the other side's VPC only once it
// was accepted, and while it is there.
struct PeeringSide {
    std::string account_id;
    std::string region;
    std::string vpc_id;
    std::string cidr_block; // "" when not to be seen
    std::vector<std::string> cidr_blocks;
    std::vector<std::string> ipv6_cidr_blocks;
    bool resolves_dns = false; // AllowDnsResolutionFromRemoteVpc
};

struct PeeringView {
    domain::VpcPeeringConnection peering;
    PeeringSide requester;
    PeeringSide accepter;
    domain::Tags tags; // the caller's own
};

struct PeeringCreation {
    std::string vpc_id;
    std::string peer_vpc_id;
    std::string peer_owner_id; // "" for the caller's own account
    std::string peer_region;   // "" for the caller's region
    std::vector<TagSpecification> tag_specifications;
};

// What to change, by side; a side that is absent stays as it is.
struct PeeringOptions {
    std::optional<bool> requester_resolves_dns;
    std::optional<bool> accepter_resolves_dns;
    std::string unsupported_option; // of ClassicLink, to be refused by its name
};

// Peering connections between two VPCs of this installation, whoever owns them and in whatever
// region. A request waits seven days for the other side; what ended stays visible for some hours.
// Expiry needs no clock of its own: it is looked at wherever a request is.
// https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html
class VpcPeeringConnections {
  public:
    explicit VpcPeeringConnections(const Context& context) : context_(context) {}

    Result<PeeringView> create(const domain::Caller& caller, const PeeringCreation& request);
    Result<PeeringView> accept(const domain::Caller& caller, const std::string& id);
    Result<void> reject(const domain::Caller& caller, const std::string& id);
    Result<void> erase(const domain::Caller& caller, const std::string& id);
    Result<domain::VpcPeeringConnection> modify_options(const domain::Caller& caller,
                                                        const std::string& id,
                                                        const PeeringOptions& options);
    Result<Listing<PeeringView>> describe(const domain::Caller& caller,
                                          const std::vector<std::string>& ids,
                                          const Filters& filters,
                                          const PageRequest& page);

  private:
    const Context& context_;
};

// The VPCs at the other ends of the VPC's active peerings.
std::vector<domain::Vpc> active_peers_of(store::Transaction& tx, const std::string& vpc_id);
// Their routes name the VPC's blocks: called when those change.
void enqueue_active_peers(store::Transaction& tx,
                          const Context& context,
                          const std::string& vpc_id);
// At the deletion of a VPC: its peerings and requests end.
void end_peerings_of(store::Transaction& tx,
                     const Context& context,
                     const domain::Caller& caller,
                     const std::string& vpc_id);

} // namespace pileus::cloud
