// SPDX-License-Identifier: Apache-2.0
// SQLite's own view of the tables: which statements it answers from an index, and whether each
// field has its column.
#include "database.h"
#include "field_count.h"
#include "samples.h"
#include "store/addresses.h"
#include "store/charged_tags.h"
#include "store/client_tokens.h"
#include "store/connection.h"
#include "store/dhcp_options.h"
#include "store/disk_tasks.h"
#include "store/forks.h"
#include "store/images.h"
#include "store/instances.h"
#include "store/internet_gateways.h"
#include "store/key_pairs.h"
#include "store/ledger.h"
#include "store/nat_gateways.h"
#include "store/network_acls.h"
#include "store/network_interfaces.h"
#include "store/prefix_lists.h"
#include "store/price_lists.h"
#include "store/route_tables.h"
#include "store/security_groups.h"
#include "store/snapshots.h"
#include "store/tags.h"
#include "store/volumes.h"
#include "store/vpc_peering_connections.h"
#include "store/vpcs.h"
#include "store/warm_templates.h"
#include "store/work.h"

#include <gmock/gmock.h>
#include <set>

namespace pileus::store {
namespace {

using samples::scope;

// Notes every statement on its way.
class Recorder final : public Connection {
  public:
    explicit Recorder(Connection& connection) : connection_(connection) {}
    int64_t run(std::string_view sql,
                std::span<const Parameter> parameters,
                const RowHandler& on_row) override {
        statements_.emplace(sql);
        return connection_.run(sql, parameters, on_row);
    }
    void run_script(std::string_view sql) override { connection_.run_script(sql); }
    const std::set<std::string>& statements() const { return statements_; }

  private:
    Connection& connection_;
    std::set<std::string> statements_;
};

class SqlitePlans : public testing::Test {
  protected:
    void write(const std::function<void(Transaction&)>& body) {
        ASSERT_TRUE(store_->write([&](Transaction& tx) -> Result<void> {
            body(tx);
            return {};
        }));
    }
    Database database_{Kind::sqlite};
    std::unique_ptr<Store> store_ = database_.open();
};

void look_up_routing(Transaction& tx, const std::string& id) {
    const Page page;
    route_tables::find(tx, id);
    route_tables::find(tx, scope, id);
    route_tables::list(tx, scope, page);
    route_tables::count(tx, scope);
    route_tables::list_of_vpc(tx, id);
    route_table_associations::find(tx, id);
    route_table_associations::list_of_table(tx, id);
    route_table_associations::list_of_vpc(tx, id);
    route_table_associations::find_of_subnet(tx, id, id);
    route_table_associations::find_main(tx, id);
    routes::find(tx, id, id);
    routes::list_of_table(tx, id);
    routes::list_to(tx, id);
    routes::list_by_destination(tx, id);
    internet_gateways::find(tx, id);
    internet_gateways::find(tx, scope, id);
    internet_gateways::list(tx, scope, page);
    internet_gateways::count(tx, scope);
    internet_gateways::find_of_vpc(tx, id);
    egress_only_internet_gateways::find(tx, id);
    egress_only_internet_gateways::find(tx, scope, id);
    egress_only_internet_gateways::list(tx, scope, page);
    egress_only_internet_gateways::count(tx, scope);
    egress_only_internet_gateways::list_of_vpc(tx, id);
    nat_gateways::find(tx, id);
    nat_gateways::find(tx, scope, id);
    nat_gateways::list(tx, scope, page);
    nat_gateways::list_of_vpc(tx, id);
    nat_gateways::list_of_subnet(tx, id);
    network_acls::find(tx, id);
    network_acls::find(tx, scope, id);
    network_acls::list(tx, scope, page);
    network_acls::count(tx, scope);
    network_acls::list_of_vpc(tx, id);
    network_acls::find_default(tx, id);
    network_acl_associations::find(tx, id);
    network_acl_associations::find_of_subnet(tx, id);
    network_acl_associations::list_of_acl(tx, id);
    network_acl_entries::find(tx, id, true, 1);
    network_acl_entries::list_of_acl(tx, id);
    vpc_peering_connections::find(tx, id);
    vpc_peering_connections::find(tx, scope, id);
    vpc_peering_connections::list(tx, scope, page);
    vpc_peering_connections::list_of_vpc(tx, id);
    prefix_lists::find(tx, id);
    prefix_lists::find(tx, scope, id);
    prefix_lists::list(tx, scope, page);
    prefix_lists::count(tx, scope);
    prefix_list_entries::list_of_version(tx, id, 1);
    addresses::find(tx, id);
    addresses::find(tx, scope, id);
    addresses::list(tx, scope, page);
    addresses::count(tx, scope);
    addresses::find_by_public_ip(tx, id);
    addresses::find_by_association(tx, id);
    addresses::list_of_interface(tx, id);
}

void look_up_disks(Transaction& tx, const std::string& id) {
    const Page page;
    images::find(tx, id);
    images::find_visible(tx, scope, id);
    images::find_by_name(tx, scope, id);
    images::list_visible(tx, scope, page);
    images::list_using_snapshot(tx, id);
    images::list_permitted(tx, id);
    volumes::find(tx, id);
    volumes::list(tx, scope, page);
    volumes::list_of_instance(tx, id);
    volumes::list_of_host(tx, id);
    volumes::list_of_snapshot(tx, id);
    volumes::total_of_type(tx, scope, id);
    volume_modifications::find(tx, id);
    volume_modifications::count_begun_since(tx, id, Time{});
    volume_modifications::list(tx, scope, page);
    snapshots::find(tx, id);
    snapshots::find_visible(tx, scope, id);
    snapshots::list(tx, scope, page);
    snapshots::list_visible(tx, scope, page);
    snapshots::list_of_volume(tx, id);
    snapshots::list_of_set(tx, id);
    snapshots::list_of_host(tx, id);
    snapshots::list_grantees(tx, id);
    disk_tasks::find(tx, id);
    disk_tasks::list(tx, scope, page);
    disk_tasks::list_active(tx, id);
    forks::find(tx, id);
    forks::list_disks(tx, id);
    forks::list_of_host(tx, id);
    warm_templates::find(tx, id);
    warm_templates::find(tx, {id, id, id, id});
    warm_templates::list_of_host(tx, id);
    warm_launches::find(tx, id);
}

void look_up_everything(Transaction& tx) {
    const std::string id = "id";
    const Page page;
    instances::find(tx, id);
    instances::find(tx, scope, id);
    instances::list(tx, scope, {}, page);
    for (const auto& narrowing : {instances::Narrowing{.state = "x"},
                                  instances::Narrowing{.subnet_id = "x"},
                                  instances::Narrowing{.vpc_id = "x"},
                                  instances::Narrowing{.image_id = "x"},
                                  instances::Narrowing{.type = "x"},
                                  instances::Narrowing{.reservation_id = "x"},
                                  instances::Narrowing{.client_token = "x"},
                                  instances::Narrowing{.state = "x", .type = "x"}})
        instances::list(tx, scope, narrowing, page);
    instances::list_live(tx, id);
    instances::list_of_fork(tx, id);
    instances::list_terminated_before(tx, Time{}, 1);
    instances::count_active_by_type(tx, id);
    instances::count_by_state(tx, id);
    instances::count_active_by_type(tx, scope);
    look_up_disks(tx, id);
    key_pairs::find_by_id(tx, scope, id);
    key_pairs::find_by_name(tx, scope, id);
    key_pairs::list(tx, scope);
    vpcs::find(tx, id);
    vpcs::find(tx, scope, id);
    vpcs::find_default(tx, scope);
    vpcs::list(tx, scope, page);
    vpcs::count(tx, scope);
    vpcs::has_dhcp_options(tx, id);
    vpc_cidr_blocks::find(tx, id);
    vpc_cidr_blocks::list_of_vpc(tx, id);
    vpc_cidr_blocks::has_ipv6(tx, id);
    dhcp_options::find(tx, id);
    dhcp_options::find(tx, scope, id);
    dhcp_options::list(tx, scope, page);
    dhcp_options::count(tx, scope);
    look_up_routing(tx, id);
    subnets::find(tx, id);
    subnets::find(tx, scope, id);
    subnets::list(tx, scope, page);
    subnets::list_of_vpc(tx, id);
    subnets::find_by_ipv6_association(tx, id);
    network_interfaces::find(tx, id);
    network_interfaces::list(tx, scope, page);
    network_interfaces::list_of_instance(tx, id);
    network_interfaces::list_of_security_group(tx, id);
    network_interfaces::list_of_host(tx, id);
    network_interfaces::list_of_subnet(tx, id);
    network_interfaces::list_of_vpc(tx, id);
    network_interfaces::find_by_attachment(tx, id);
    network_interfaces::has_private_ip(tx, id, "10.0.0.1");
    network_interfaces::has_public_ip(tx, "127.64.0.10");
    network_interfaces::count_in_subnet(tx, id);
    security_groups::find(tx, id);
    security_groups::find(tx, scope, id);
    security_groups::find_by_name(tx, id, id);
    security_groups::list(tx, scope, page);
    security_groups::list_of_vpc(tx, id);
    security_groups::find_rule(tx, scope, id);
    security_groups::list_rules(tx, id);
    security_groups::list_rules(tx, scope, page);
    security_groups::list_rules_referencing(tx, id);
    security_groups::list_rules_with_prefix_list(tx, id);
    tags::list_of(tx, id);
    tags::list_of(tx, scope, id);
    tags::list(tx, scope, "", "", 1);
    ledger::list(tx, 0, 1);
    charged_tags::list(tx, id, id);
    charged_tags::keys(tx, id);
    price_lists::find(tx, id);
    ledger::list(tx, id, 0, 1);
    client_tokens::find(tx, scope, id, id);
    settings::get(tx, id);
    work::next_due(tx, id);
}

void change_everything(Transaction& tx) {
    const domain::WorkItem item{.kind = "k", .resource_id = "r"};
    work::lease(tx, "host", "owner", Time{}, Time{}, 1);
    work::complete(tx, item);
    work::retry(tx, item, Time{}, "");
    work::release_leases(tx, "host");
    client_tokens::erase_before(tx, Time{});
    instances::erase(tx, "id");
    volumes::erase(tx, "id");
    volume_modifications::begin(tx, samples::volume_modification("id"));
    volume_modifications::erase(tx, "id");
    snapshots::erase(tx, "id");
    snapshots::withdraw(tx, {"id", "id"});
    images::erase(tx, "id");
    images::withdraw(tx, {"id", "id"});
    disk_tasks::erase(tx, "id");
    forks::erase(tx, "id");
    warm_templates::erase(tx, "id");
    warm_launches::erase(tx, "id");
    network_interfaces::erase(tx, "id");
    route_tables::erase(tx, "id");
    route_table_associations::erase(tx, "id");
    routes::erase(tx, "id", "id");
    routes::erase_of_table(tx, "id");
    network_acls::erase(tx, "id");
    network_acl_associations::erase(tx, "id");
    network_acl_entries::erase(tx, "id", true, 1);
    network_acl_entries::erase_of_acl(tx, "id");
    prefix_list_entries::end(tx, "id", "id", 1);
    prefix_list_entries::erase_of_list(tx, "id");
    prefix_list_entries::forget_before(tx, "id", 1);
    vpc_cidr_blocks::erase(tx, "id");
    security_groups::erase(tx, "id");
    tags::erase_all(tx, "id");
}

TEST_F(SqlitePlans, EveryLookUpAndChangeGoesByAnIndex) {
    write([](Transaction& tx) {
        Recorder recorder(tx.connection());
        Transaction recorded(recorder);
        look_up_everything(recorded);
        change_everything(recorded);
        EXPECT_GT(recorder.statements().size(), 130u);
        for (const auto& sql : recorder.statements()) {
            std::vector<Parameter> nothing(32, Parameter{nullptr});
            tx.connection().run("EXPLAIN QUERY PLAN " + sql, nothing, [&](const Row& row) {
                const std::string step{row.text(3)};
                EXPECT_FALSE(step.starts_with("SCAN")) << step << "\n" << sql;
            });
        }
    });
}

// A page must be one range of an index in the order asked for: sorting first would read everything.
TEST_F(SqlitePlans, NoPageIsSorted) {
    write([](Transaction& tx) {
        Recorder recorder(tx.connection());
        Transaction recorded(recorder);
        look_up_everything(recorded);
        for (const auto& sql : recorder.statements()) {
            if (sql.find("ORDER BY") == std::string::npos || sql.find("LIMIT") == std::string::npos)
                continue;
            std::vector<Parameter> nothing(32, Parameter{nullptr});
            tx.connection().run("EXPLAIN QUERY PLAN " + sql, nothing, [&](const Row& row) {
                EXPECT_EQ(row.text(3).find("TEMP B-TREE"), std::string_view::npos)
                    << row.text(3) << "\n"
                    << sql;
            });
        }
    });
}

struct Column {
    std::string name;
    std::string value;
    bool is_text = false;
};

std::vector<Column> row_of(Transaction& tx, const std::string& table) {
    std::vector<Column> columns;
    for (auto& name : query_column<std::string>(
             tx.connection(), "SELECT name FROM pragma_table_info('" + table + "') ORDER BY cid")) {
        const auto value =
            query_column<std::string>(tx.connection(), "SELECT quote(" + name + ") FROM " + table);
        EXPECT_EQ(value.size(), 1u) << table;
        columns.push_back({name, value.at(0), value.at(0).starts_with("'")});
    }
    return columns;
}

// The sample sets each field to something of its own: a column that holds a default was forgotten,
// a text column that holds the name of another was crossed with it.
void expect_full(const std::vector<Column>& sample, const std::vector<Column>& plain) {
    ASSERT_EQ(sample.size(), plain.size());
    const std::set<std::string> free{
        "id", "state", "hibernation", "shutdown_behavior", "attachment", "kind"};
    for (size_t i = 0; i < sample.size(); ++i) {
        EXPECT_NE(sample[i].value, plain[i].value) << sample[i].name;
        if (sample[i].is_text && free.count(sample[i].name) == 0)
            EXPECT_EQ(sample[i].value, "'" + sample[i].name + "'");
    }
}

template <class Insert, class T>
void check_columns(
    Transaction& tx, const std::string& table, const T& sample, size_t expected, Insert insert) {
    insert(tx, T{});
    const auto plain_row = row_of(tx, table);
    execute(tx.connection(), "DELETE FROM " + table);
    insert(tx, sample);
    const auto sample_row = row_of(tx, table);
    EXPECT_EQ(sample_row.size(), expected) << table << ": a field of the struct has no column";
    SCOPED_TRACE("table " + table + "; is the new field set in samples.h?");
    expect_full(sample_row, plain_row);
}

// As the second of an image's devices, so that its position is not the default.
void insert_image_with(Transaction& tx, const domain::ImageDevice& device) {
    const bool is_sample = !device.device.empty();
    domain::Image image;
    image.id = is_sample ? "image_id" : "";
    image.devices = {device};
    if (is_sample)
        image.devices.push_back(device);
    images::insert(tx, image);
    if (is_sample)
        execute(tx.connection(), "DELETE FROM image_devices WHERE position = 0");
    execute(tx.connection(), "DELETE FROM images");
}

void insert_fork_with(Transaction& tx, const domain::ForkDisk& disk) {
    forks::insert(tx, domain::Fork{}, {disk});
    execute(tx.connection(), "DELETE FROM forks");
}

// Every field of the struct has a column of its own.
template <class Insert, class T>
void check_table(Transaction& tx, const std::string& table, const T& sample, Insert insert) {
    check_columns(tx, table, sample, field_count<T>(), insert);
}

TEST_F(SqlitePlans, NoFieldWasForgottenOrCrossed) {
    write([](Transaction& tx) {
        check_columns(tx,
                      "instances",
                      samples::instance("i-1"),
                      field_count<domain::Instance>() + field_count<domain::MetadataOptions>() - 1,
                      instances::insert);
        // Groups and further addresses have tables of their own; one column says whether there are
        // such addresses.
        check_columns(tx,
                      "network_interfaces",
                      samples::network_interface("eni-1"),
                      field_count<domain::NetworkInterface>() - 3 + 1,
                      network_interfaces::insert);
        check_table(tx, "key_pairs", samples::key_pair("key-1"), key_pairs::insert);
        check_table(
            tx, "security_groups", samples::security_group("sg-1"), security_groups::insert);
        check_table(tx,
                    "security_group_rules",
                    samples::rule("sgr-1", "security_group_id"),
                    security_groups::insert_rule);
    });
}

TEST_F(SqlitePlans, NoFieldOfADiskWasForgottenOrCrossed) {
    write([](Transaction& tx) {
        check_columns(tx,
                      "image_devices",
                      samples::image_device(),
                      field_count<domain::ImageDevice>() + 2,
                      insert_image_with);
        // Devices have a table of their own, of which the row has the count.
        check_table(tx, "images", samples::image("ami-1"), images::insert);
        check_table(tx, "volumes", samples::volume("vol-1"), volumes::insert);
        check_table(tx,
                    "volume_modifications",
                    samples::volume_modification("volume_id"),
                    volume_modifications::put);
        check_table(tx, "snapshots", samples::snapshot("snap-1"), snapshots::insert);
        check_table(tx,
                    "snapshot_permissions",
                    domain::SnapshotPermission{"snapshot_id", "grantee"},
                    snapshots::permit);
        check_table(tx,
                    "launch_permissions",
                    domain::LaunchPermission{"image_id", "account_id"},
                    images::permit);
        check_table(tx, "disk_tasks", samples::disk_task("import-snap-1"), disk_tasks::insert);
        check_table(tx, "forks", samples::fork("fork-1"), [](Transaction& t, const auto& row) {
            forks::insert(t, row, {});
        });
        check_table(tx, "fork_disks", samples::fork_disk(), insert_fork_with);
        check_table(tx, "warm_templates", samples::warm_template("wt-1"), warm_templates::insert);
        check_table(tx,
                    "warm_launches",
                    domain::WarmLaunch{"instance_id", "template_id", samples::moment(1)},
                    warm_launches::insert);
    });
}

TEST_F(SqlitePlans, NoFieldOfTheNetworkWasForgottenOrCrossed) {
    write([](Transaction& tx) {
        check_table(tx, "vpcs", samples::vpc("vpc-1"), vpcs::insert);
        check_table(tx,
                    "vpc_cidr_blocks",
                    samples::vpc_cidr_block("association_id"),
                    vpc_cidr_blocks::insert);
        check_table(tx, "subnets", samples::subnet("subnet-1"), subnets::insert);
        check_table(tx, "dhcp_options", samples::dhcp_options("dopt-1"), dhcp_options::insert);
        check_table(tx, "route_tables", samples::route_table("rtb-1"), route_tables::insert);
        check_table(tx,
                    "route_table_associations",
                    samples::route_table_association("rtbassoc-1"),
                    route_table_associations::insert);
        check_table(tx, "routes", samples::route(), routes::insert);
        check_table(
            tx, "internet_gateways", samples::internet_gateway("igw-1"), internet_gateways::insert);
        check_table(tx,
                    "egress_only_internet_gateways",
                    samples::egress_only_internet_gateway("eigw-1"),
                    egress_only_internet_gateways::insert);
        check_table(tx, "nat_gateways", samples::nat_gateway("nat-1"), nat_gateways::insert);
        check_table(tx, "network_acls", samples::network_acl("acl-1"), network_acls::insert);
        check_table(tx,
                    "network_acl_associations",
                    samples::network_acl_association("aclassoc-1"),
                    network_acl_associations::insert);
        check_table(
            tx, "network_acl_entries", samples::network_acl_entry(), network_acl_entries::insert);
        check_table(tx,
                    "vpc_peering_connections",
                    samples::vpc_peering_connection("pcx-1"),
                    vpc_peering_connections::insert);
        check_table(tx, "prefix_lists", samples::prefix_list("pl-1"), prefix_lists::insert);
        check_table(
            tx, "prefix_list_entries", samples::prefix_list_entry(), prefix_list_entries::insert);
        check_table(tx, "addresses", samples::address("allocation_id"), addresses::insert);
    });
}

} // namespace
} // namespace pileus::store
