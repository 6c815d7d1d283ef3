// SPDX-License-Identifier: Apache-2.0
#include "store/dhcp_options.h"

#include "base/text.h"
#include "store/table.h"

namespace pileus::store::dhcp_options {

namespace {

// The same with its lists as one text each.
struct StoredOptions {
    domain::DhcpOptions options;
    std::string domain_name_servers;
    std::string ntp_servers;
    std::string netbios_name_servers;
};

struct Columns {
    static constexpr std::string_view table = "dhcp_options";

    template <class Row, class Visitor> static void visit(Row& r, Visitor column) {
        column("id", r.options.id);
        column("account_id", r.options.account_id);
        column("region", r.options.region);
        column("domain_name", r.options.domain_name);
        column("domain_name_servers", r.domain_name_servers);
        column("ntp_servers", r.ntp_servers);
        column("netbios_name_servers", r.netbios_name_servers);
        column("netbios_node_type", r.options.netbios_node_type);
        column("ipv6_address_preferred_lease_seconds",
               r.options.ipv6_address_preferred_lease_seconds);
        column("created_at", r.options.created_at);
    }
};
using Rows = Table<StoredOptions, Columns>;

std::string joined(const std::vector<std::string>& words) {
    return fmt::format("{}", fmt::join(words, " "));
}

std::vector<std::string> words_of(const std::string& text) {
    std::vector<std::string> words;
    if (!text.empty())
        for (const auto word : split(text, ' '))
            words.emplace_back(word);
    return words;
}

domain::DhcpOptions from_row(StoredOptions row) {
    row.options.domain_name_servers = words_of(row.domain_name_servers);
    row.options.ntp_servers = words_of(row.ntp_servers);
    row.options.netbios_name_servers = words_of(row.netbios_name_servers);
    return std::move(row.options);
}

std::optional<domain::DhcpOptions> from_row(std::optional<StoredOptions> row) {
    if (!row)
        return std::nullopt;
    return from_row(std::move(*row));
}

} // namespace

void insert(Transaction& tx, const domain::DhcpOptions& options) {
    Rows::insert(tx,
                 {options,
                  joined(options.domain_name_servers),
                  joined(options.ntp_servers),
                  joined(options.netbios_name_servers)});
}

void erase(Transaction& tx, const std::string& id) {
    Rows::erase(tx, id);
}

std::optional<domain::DhcpOptions> find(Transaction& tx, const std::string& id) {
    return from_row(Rows::find_by_key(tx, id));
}

std::optional<domain::DhcpOptions>
find(Transaction& tx, const Scope& scope, const std::string& id) {
    return from_row(Rows::find_in(tx, scope, id));
}

std::vector<domain::DhcpOptions> list(Transaction& tx, const Scope& scope, const Page& page) {
    std::vector<domain::DhcpOptions> all;
    for (auto& row : Rows::list_page(tx, scope, page))
        all.push_back(from_row(std::move(row)));
    return all;
}

int count(Transaction& tx, const Scope& scope) {
    return Rows::count_in(tx, scope);
}

} // namespace pileus::store::dhcp_options
