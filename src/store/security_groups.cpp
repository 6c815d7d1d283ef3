// SPDX-License-Identifier: Apache-2.0
#include "store/security_groups.h"

#include "store/table.h"

namespace pileus::store::security_groups {

namespace {

struct GroupColumns {
    static constexpr std::string_view table = "security_groups";

    template <class Group, class Visitor> static void visit(Group& g, Visitor column) {
        column("id", g.id);
        column("account_id", g.account_id);
        column("region", g.region);
        column("vpc_id", g.vpc_id);
        column("name", g.name);
        column("description", g.description);
        column("created_at", g.created_at);
    }
};
using Groups = Table<domain::SecurityGroup, GroupColumns>;

struct RuleColumns {
    static constexpr std::string_view table = "security_group_rules";

    template <class Rule, class Visitor> static void visit(Rule& r, Visitor column) {
        column("id", r.id);
        column("account_id", r.account_id);
        column("region", r.region);
        column("security_group_id", r.security_group_id);
        column("egress", r.egress);
        column("protocol", r.protocol);
        column("from_port", r.from_port);
        column("to_port", r.to_port);
        column("cidr_ipv4", r.cidr_ipv4);
        column("cidr_ipv6", r.cidr_ipv6);
        column("prefix_list_id", r.prefix_list_id);
        column("referenced_group_id", r.referenced_group_id);
        column("peer_account_id", r.peer_account_id);
        column("peer_vpc_id", r.peer_vpc_id);
        column("peering_connection_id", r.peering_connection_id);
        column("description", r.description);
    }
};
using Rules = Table<domain::SecurityGroupRule, RuleColumns>;

} // namespace

void insert(Transaction& tx, const domain::SecurityGroup& group) {
    Groups::insert(tx, group);
}

void erase(Transaction& tx, const std::string& id) {
    execute(tx.connection(), "DELETE FROM security_group_rules WHERE security_group_id = $1", id);
    Groups::erase(tx, id);
}

std::optional<domain::SecurityGroup> find(Transaction& tx, const std::string& id) {
    return Groups::find_by_key(tx, id);
}

std::optional<domain::SecurityGroup>
find(Transaction& tx, const Scope& scope, const std::string& id) {
    return Groups::find_in(tx, scope, id);
}

std::optional<domain::SecurityGroup>
find_by_name(Transaction& tx, const std::string& vpc_id, const std::string& name) {
    return Groups::find(tx, "WHERE vpc_id = $1 AND name = $2", vpc_id, name);
}

std::vector<domain::SecurityGroup> list(Transaction& tx, const Scope& scope, const Page& page) {
    return Groups::list_page(tx, scope, page);
}

int count(Transaction& tx, const Scope& scope) {
    return Groups::count_in(tx, scope);
}

std::vector<domain::SecurityGroup> list_of_vpc(Transaction& tx, const std::string& vpc_id) {
    return Groups::list(tx, "WHERE vpc_id = $1 ORDER BY id", vpc_id);
}

void insert_rule(Transaction& tx, const domain::SecurityGroupRule& rule) {
    Rules::insert(tx, rule);
}

void update_rule(Transaction& tx, const domain::SecurityGroupRule& rule) {
    Rules::update(tx, rule);
}

void erase_rule(Transaction& tx, const std::string& rule_id) {
    Rules::erase(tx, rule_id);
}

std::optional<domain::SecurityGroupRule>
find_rule(Transaction& tx, const Scope& scope, const std::string& rule_id) {
    return Rules::find_in(tx, scope, rule_id);
}

std::vector<domain::SecurityGroupRule> list_rules(Transaction& tx, const std::string& group_id) {
    return Rules::list(tx, "WHERE security_group_id = $1 ORDER BY id", group_id);
}

std::vector<domain::SecurityGroupRule>
list_rules(Transaction& tx, const Scope& scope, const Page& page) {
    return Rules::list_page(tx, scope, page);
}

std::vector<domain::SecurityGroupRule> list_rules_referencing(Transaction& tx,
                                                              const std::string& group_id) {
    return Rules::list(tx,
                       "WHERE referenced_group_id = $1 AND referenced_group_id <> '' "
                       "AND security_group_id <> $1 ORDER BY id",
                       group_id);
}

std::vector<domain::SecurityGroupRule> list_rules_with_prefix_list(Transaction& tx,
                                                                   const std::string& list_id) {
    return Rules::list(
        tx, "WHERE prefix_list_id = $1 AND prefix_list_id <> '' ORDER BY id", list_id);
}

} // namespace pileus::store::security_groups
