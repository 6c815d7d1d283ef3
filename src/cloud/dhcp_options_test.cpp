// SPDX-License-Identifier: Apache-2.0
#include "cloud/cloud_fixture.h"
#include "cloud/dhcp_options.h"
#include "cloud/vpcs.h"
#include "store/work.h"

namespace pileus::cloud {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class DhcpOptionsTest : public CloudFixture {
  protected:
    auto make(const std::vector<DhcpConfiguration>& configurations) {
        return sets_.create(caller_, configurations, {});
    }
    std::vector<std::string> found(const Filters& filters) {
        const auto listing = sets_.describe(caller_, {}, filters, {});
        EXPECT_TRUE(listing) << message_of(listing);
        std::vector<std::string> ids;
        for (const auto& view : listing->items)
            ids.push_back(view.options.id);
        return ids;
    }
    domain::Vpc vpc() { return vpcs_.describe(caller_, {}, {}, {})->items.at(0).vpc; }

    DhcpOptionsSets sets_{context_};
    Vpcs vpcs_{context_};
};

TEST_F(DhcpOptionsTest, RegionHasASetFromTheStart) {
    const auto all = sets_.describe(caller_, {}, {}, {});
    ASSERT_TRUE(all);
    ASSERT_EQ(all->items.size(), 1u);
    EXPECT_EQ(all->items[0].options.id, vpc().dhcp_options_id);
    const auto configurations = configurations_of(all->items[0].options);
    ASSERT_EQ(configurations.size(), 2u);
    EXPECT_EQ(configurations[0].key, "domain-name");
    EXPECT_THAT(configurations[0].values, ElementsAre("ec2.internal"));
    EXPECT_THAT(configurations[1].values, ElementsAre("AmazonProvidedDNS"));
}

TEST_F(DhcpOptionsTest, HasWhatItWasMadeWith) {
    const auto made = sets_.create(caller_,
                                   {{"ntp-servers", {"10.0.0.1", "10.0.0.2"}},
                                    {"domain-name", {"lab.example"}},
                                    {"domain-name-servers", {"10.0.0.9", "AmazonProvidedDNS"}},
                                    {"netbios-name-servers", {"10.0.0.3"}},
                                    {"netbios-node-type", {"2"}}},
                                   {{"dhcp-options", {{"Name", "lab"}}}});
    ASSERT_TRUE(made) << message_of(made);
    EXPECT_EQ(made->tags, (domain::Tags{{"Name", "lab"}}));
    EXPECT_EQ(configurations_of(made->options).size(), 5u);
    const auto& id = made->options.id;
    for (const auto& filter : {Filter{"key", {"ntp-servers"}},
                               Filter{"value", {"lab.*"}},
                               Filter{"tag:Name", {"lab"}},
                               Filter{"dhcp-options-id", {id}}})
        EXPECT_THAT(found({filter}), ElementsAre(id)) << filter.name;
    EXPECT_EQ(found({{"owner-id", {"111111111111"}}}).size(), 2u);
    EXPECT_THAT(found({{"owner-id", {"222222222222"}}}), IsEmpty());
}

TEST_F(DhcpOptionsTest, OptionsThatCannotBe) {
    const std::pair<std::vector<DhcpConfiguration>, const char*> cases[]{
        {{}, "MissingParameter"},
        {{{"colour", {"red"}}}, "InvalidParameterValue"},
        {{{"domain-name", {}}}, "InvalidParameterValue"},
        {{{"domain-name", {"a", "b"}}}, "InvalidParameterValue"},
        {{{"domain-name", {"a\"b\nx"}}}, "InvalidParameterValue"},
        {{{"domain-name-servers", {"not-an-address"}}}, "InvalidParameterValue"},
        {{{"domain-name-servers", {"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5"}}},
         "InvalidParameterValue"},
        {{{"ntp-servers", {"fd00::1"}}}, "InvalidParameterValue"},
        {{{"netbios-node-type", {"3"}}}, "InvalidParameterValue"},
        {{{"domain-name", {"a"}}, {"domain-name", {"b"}}}, "InvalidParameterValue"},
        {{{"ipv6-address-preferred-lease-time", {"300"}}}, "UnsupportedOperation"},
    };
    for (const auto& [configurations, code] : cases)
        EXPECT_EQ(code_of(make(configurations)), code)
            << (configurations.empty() ? "" : configurations[0].key);
    EXPECT_EQ(found({}).size(), 1u) << "nothing was made";
    settings_.limits.dhcp_options = 1;
    EXPECT_EQ(code_of(make({{"domain-name", {"a"}}})), "DhcpOptionsLimitExceeded");
}

TEST_F(DhcpOptionsTest, VpcTakesASetAndKeepsItFromDeletion) {
    const auto id = make({{"domain-name", {"lab.example"}}})->options.id;
    const auto vpc_id = vpc().id;
    EXPECT_EQ(code_of(sets_.associate(caller_, "dopt-01234567", vpc_id)),
              "InvalidDhcpOptionID.NotFound");
    EXPECT_EQ(code_of(sets_.associate(foreigner_, id, vpc_id)), "InvalidDhcpOptionID.NotFound");
    EXPECT_EQ(code_of(sets_.associate(caller_, id, "vpc-01234567")), "InvalidVpcID.NotFound");
    ASSERT_TRUE(sets_.associate(caller_, id, vpc_id));
    EXPECT_EQ(vpc().dhcp_options_id, id);
    EXPECT_TRUE(read([](auto& tx) { return store::work::next_due(tx, "host-1"); }))
        << "the engine is told";
    const auto refused = sets_.erase(caller_, id);
    EXPECT_EQ(code_of(refused), "DependencyViolation");
    EXPECT_EQ(message_of(refused),
              "The dhcpOptions '" + id + "' has dependencies and cannot be deleted.");
    ASSERT_TRUE(sets_.associate(caller_, "default", vpc_id));
    EXPECT_EQ(vpc().dhcp_options_id, "default");
    EXPECT_EQ(code_of(sets_.erase(dry(), id)), "DryRunOperation");
    ASSERT_TRUE(sets_.erase(caller_, id));
    EXPECT_EQ(code_of(sets_.erase(caller_, id)), "InvalidDhcpOptionID.NotFound");
}

} // namespace
} // namespace pileus::cloud
