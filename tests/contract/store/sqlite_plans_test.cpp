// SPDX-License-Identifier: Apache-2.0
// SQLite's own view of the tables: which statements it answers from an index, and whether each
// field has its column.
#include "database.h"
#include "field_count.h"
#include "samples.h"
#include "store/client_tokens.h"
#include "store/connection.h"
#include "store/images.h"
#include "store/instances.h"
#include "store/key_pairs.h"
#include "store/ledger.h"
#include "store/network_interfaces.h"
#include "store/security_groups.h"
#include "store/tags.h"
#include "store/volumes.h"
#include "store/vpcs.h"
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
    instances::list_terminated_before(tx, Time{}, 1);
    instances::count_active_by_type(tx, id);
    instances::count_by_state(tx, id);
    instances::count_active_by_type(tx, scope);
    images::find(tx, id);
    images::find_visible(tx, scope, id);
    images::list_visible(tx, scope, page);
    volumes::find(tx, id);
    volumes::list(tx, scope, page);
    volumes::list_of_instance(tx, id);
    volumes::list_of_host(tx, id);
    snapshots::find(tx, id);
    key_pairs::find_by_id(tx, scope, id);
    key_pairs::find_by_name(tx, scope, id);
    key_pairs::list(tx, scope);
    vpcs::find(tx, id);
    vpcs::find(tx, scope, id);
    vpcs::find_default(tx, scope);
    vpcs::list(tx, scope, page);
    subnets::find(tx, id);
    subnets::find(tx, scope, id);
    subnets::list(tx, scope, page);
    subnets::list_of_vpc(tx, id);
    network_interfaces::find(tx, id);
    network_interfaces::list(tx, scope, page);
    network_interfaces::list_of_instance(tx, id);
    network_interfaces::list_of_security_group(tx, id);
    network_interfaces::list_of_host(tx, id);
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
    tags::list_of(tx, id);
    tags::list(tx, scope, "", "", 1);
    ledger::list(tx, 0, 1);
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
    network_interfaces::erase(tx, "id");
    security_groups::erase(tx, "id");
    tags::erase_all(tx, "id");
}

TEST_F(SqlitePlans, EveryLookUpAndChangeGoesByAnIndex) {
    write([](Transaction& tx) {
        Recorder recorder(tx.connection());
        Transaction recorded(recorder);
        look_up_everything(recorded);
        change_everything(recorded);
        EXPECT_GT(recorder.statements().size(), 60u);
        for (const auto& sql : recorder.statements()) {
            std::vector<Parameter> nothing(9, Parameter{nullptr});
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
            std::vector<Parameter> nothing(9, Parameter{nullptr});
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
    const std::set<std::string> free{"id", "state", "shutdown_behavior", "attachment", "kind"};
    for (size_t i = 0; i < sample.size(); ++i) {
        EXPECT_NE(sample[i].value, plain[i].value) << sample[i].name;
        if (sample[i].is_text && free.count(sample[i].name) == 0)
            EXPECT_EQ(sample[i].value, "'" + sample[i].name + "'");
    }
}

template <class Insert, class Erase, class T>
void check_columns(Transaction& tx,
                   const std::string& table,
                   const T& sample,
                   size_t expected,
                   Insert insert,
                   Erase erase) {
    T plain{};
    insert(tx, plain);
    const auto plain_row = row_of(tx, table);
    erase(tx, plain.id);
    insert(tx, sample);
    const auto sample_row = row_of(tx, table);
    EXPECT_EQ(sample_row.size(), expected) << table << ": a field of the struct has no column";
    SCOPED_TRACE("table " + table + "; is the new field set in samples.h?");
    expect_full(sample_row, plain_row);
}

TEST_F(SqlitePlans, NoFieldWasForgottenOrCrossed) {
    write([](Transaction& tx) {
        const auto erase_from = [](const std::string& table) {
            return [table](Transaction& t, const std::string& id) {
                execute(t.connection(), "DELETE FROM " + table + " WHERE id = $1", id);
            };
        };
        check_columns(tx,
                      "instances",
                      samples::instance("i-1"),
                      field_count<domain::Instance>() + field_count<domain::MetadataOptions>() - 1,
                      instances::insert,
                      instances::erase);
        check_columns(tx,
                      "images",
                      samples::image("ami-1"),
                      field_count<domain::Image>(),
                      images::insert,
                      images::erase);
        check_columns(tx,
                      "volumes",
                      samples::volume("vol-1"),
                      field_count<domain::Volume>(),
                      volumes::insert,
                      volumes::erase);
        check_columns(tx,
                      "snapshots",
                      samples::snapshot("snap-1"),
                      field_count<domain::Snapshot>(),
                      snapshots::insert,
                      snapshots::erase);
        check_columns(tx,
                      "key_pairs",
                      samples::key_pair("key-1"),
                      field_count<domain::KeyPair>(),
                      key_pairs::insert,
                      key_pairs::erase);
        check_columns(tx,
                      "vpcs",
                      samples::vpc("vpc-1"),
                      field_count<domain::Vpc>(),
                      vpcs::insert,
                      erase_from("vpcs"));
        check_columns(tx,
                      "subnets",
                      samples::subnet("subnet-1"),
                      field_count<domain::Subnet>(),
                      subnets::insert,
                      erase_from("subnets"));
        check_columns(tx,
                      "network_interfaces",
                      samples::network_interface("eni-1"),
                      field_count<domain::NetworkInterface>() -
                          1, // the groups have a table of their own
                      network_interfaces::insert,
                      network_interfaces::erase);
        check_columns(tx,
                      "security_groups",
                      samples::security_group("sg-1"),
                      field_count<domain::SecurityGroup>(),
                      security_groups::insert,
                      security_groups::erase);
        check_columns(tx,
                      "security_group_rules",
                      samples::rule("sgr-1", "security_group_id"),
                      field_count<domain::SecurityGroupRule>(),
                      security_groups::insert_rule,
                      security_groups::erase_rule);
    });
}

} // namespace
} // namespace pileus::store
