// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cloud/client_token.h"
#include "cloud/context.h"
#include "cloud/filters.h"
#include "cloud/paging.h"
#include "cloud/tags.h"
#include "domain/prefix_list.h"

#include <optional>
#include <string>
#include <vector>

namespace pileus::cloud {

struct PrefixListView {
    domain::PrefixList list;
    domain::Tags tags;
};

struct PrefixListAddition {
    std::string cidr;
    std::string description;
};

struct PrefixListCreation {
    std::string name;
    std::string address_family; // "IPv4" or "IPv6"
    int max_entries = 0;
    std::vector<PrefixListAddition> entries;
    std::vector<TagSpecification> tag_specifications;
    ClientToken client_token;
};

struct PrefixListChange {
    std::optional<int64_t> current_version;
    std::string name; // "" to keep it
    std::optional<int> max_entries;
    std::vector<PrefixListAddition> additions;
    std::vector<std::string> removals; // blocks
};

// A resource that names the list: a security group or a route table.
struct PrefixListAssociation {
    std::string resource_id;
    std::string owner_id;
};

// Managed prefix lists: named sets of blocks that rules and routes name, in versions. A change of
// the blocks makes a new version and enqueues work for all that name the list.
// https://docs.aws.amazon.com/vpc/latest/userguide/managed-prefix-lists.html
class PrefixLists {
  public:
    explicit PrefixLists(const Context& context) : context_(context) {}

    Result<PrefixListView> create(const domain::Caller& caller, const PrefixListCreation& request);
    Result<PrefixListView>
    modify(const domain::Caller& caller, const std::string& id, const PrefixListChange& change);
    // Takes the blocks of an earlier version up again, as a new one.
    Result<PrefixListView> restore(const domain::Caller& caller,
                                   const std::string& id,
                                   int64_t previous_version,
                                   int64_t current_version);
    Result<PrefixListView> erase(const domain::Caller& caller, const std::string& id);

    Result<Listing<PrefixListView>> describe(const domain::Caller& caller,
                                             const std::vector<std::string>& ids,
                                             const Filters& filters,
                                             const PageRequest& page);
    Result<Listing<domain::PrefixListEntry>> entries(const domain::Caller& caller,
                                                     const std::string& id,
                                                     std::optional<int64_t> version,
                                                     const PageRequest& page);
    Result<Listing<PrefixListAssociation>>
    associations(const domain::Caller& caller, const std::string& id, const PageRequest& page);
    // DescribePrefixLists: those of EC2's own services, of which an installation has none.
    Result<void> describe_services(const domain::Caller& caller,
                                   const std::vector<std::string>& ids,
                                   const Filters& filters,
                                   const PageRequest& page);

  private:
    const Context& context_;
};

} // namespace pileus::cloud
