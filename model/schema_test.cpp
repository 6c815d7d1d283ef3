// SPDX-License-Identifier: Apache-2.0
#include "model/schema.h"

#include <algorithm>
#include <gtest/gtest.h>

namespace pileus::model {
namespace {

const MemberSchema& member(const char* structure, const char* name) {
    const StructureSchema* schema = ec2_service().find_structure(structure);
    EXPECT_NE(schema, nullptr) << structure;
    int index = schema->find_by_name(name);
    EXPECT_GE(index, 0) << structure << "." << name;
    return schema->members()[static_cast<size_t>(index)];
}

TEST(ServiceSchema, KnowsTheWholeOfEc2) {
    EXPECT_EQ(ec2_service().name, "ec2");
    EXPECT_EQ(ec2_service().version, "2016-11-15");
    EXPECT_EQ(ec2_service().namespace_uri, "http://ec2.amazonaws.com/doc/");
    EXPECT_GE(ec2_service().operations().size(), 820u);
    EXPECT_GE(ec2_service().structure_count, 2500u);
    EXPECT_EQ(find_service("sts"), &sts_service());
    EXPECT_EQ(find_service("s3"), nullptr);
}

TEST(ServiceSchema, ListsOperationsByName) {
    auto operations = ec2_service().operations();
    EXPECT_TRUE(std::is_sorted(operations.begin(),
                               operations.end(),
                               [](const auto& a, const auto& b) { return a.name() < b.name(); }));
}

TEST(ServiceSchema, FindsEachOperationAndNoOther) {
    for (const ServiceSchema* service : {&ec2_service(), &sts_service()}) {
        for (const OperationSchema& operation : service->operations()) {
            EXPECT_EQ(service->find_operation(operation.name()), &operation);
            EXPECT_EQ(&operation.service(), service);
        }
    }
    for (const char* name : {"", "A", "RunInstance", "RunInstancesX", "runinstances", "zzz"})
        EXPECT_EQ(ec2_service().find_operation(name), nullptr) << name;
    EXPECT_EQ(ec2_service().find_operation("GetCallerIdentity"), nullptr);
}

TEST(OperationSchema, HasItsStructures) {
    const OperationSchema* run = ec2_service().find_operation("RunInstances");
    EXPECT_EQ(run->input()->name(), "RunInstancesRequest");
    EXPECT_EQ(run->output()->name(), "Reservation");
    EXPECT_TRUE(run->renders_empty_lists);
    EXPECT_EQ(ec2_service().find_operation("DeleteVolume")->output(), nullptr);
    EXPECT_FALSE(ec2_service().find_operation("DescribeInstanceAttribute")->renders_empty_lists);
}

TEST(StructureSchema, FindsEveryMemberByItsQueryName) {
    for (uint16_t i = 0; i < ec2_service().structure_count + sts_service().structure_count; ++i) {
        const StructureSchema& structure = structure_at(i);
        for (size_t m = 0; m < structure.members().size(); ++m) {
            const MemberSchema& one = structure.members()[m];
            EXPECT_EQ(structure.find_by_query_name(one.query_name()), static_cast<int>(m))
                << structure.name();
            EXPECT_EQ(structure.find_by_name(one.name()), static_cast<int>(m)) << structure.name();
            EXPECT_NE(one.query_name(), "");
            EXPECT_NE(one.xml_name(), "");
            EXPECT_EQ(one.element_name().empty(), !one.is_list)
                << structure.name() << "." << one.name();
        }
        EXPECT_EQ(structure.find_by_query_name("NoSuchMember"), -1);
    }
}

TEST(MemberSchema, HasTheWireNamesOfEc2) {
    struct Case {
        const char* structure;
        const char* name;
        const char* query;
        const char* xml;
        const char* element;
    };
    for (const Case& c : std::initializer_list<Case>{
             {"RunInstancesRequest",
              "SecurityGroupIds",
              "SecurityGroupId",
              "SecurityGroupId",
              "SecurityGroupId"},
             {"RunInstancesRequest",
              "NetworkInterfaces",
              "NetworkInterface",
              "networkInterface",
              "item"},
             {"RunInstancesRequest", "DryRun", "DryRun", "dryRun", ""},
             {"Filter", "Values", "Value", "Value", "item"},
             {"Instance", "InstanceId", "InstanceId", "instanceId", ""},
             {"Instance", "State", "InstanceState", "instanceState", ""},
             {"Instance", "PublicDnsName", "DnsName", "dnsName", ""},
             {"Instance",
              "NetworkInterfaces",
              "NetworkInterfaceSet",
              "networkInterfaceSet",
              "item"},
             {"Reservation", "Instances", "InstancesSet", "instancesSet", "item"},
             {"CreateSecurityGroupRequest",
              "Description",
              "GroupDescription",
              "GroupDescription",
              ""},
         }) {
        const MemberSchema& found = member(c.structure, c.name);
        EXPECT_EQ(found.query_name(), c.query) << c.structure << "." << c.name;
        EXPECT_EQ(found.xml_name(), c.xml) << c.structure << "." << c.name;
        EXPECT_EQ(found.element_name(), c.element) << c.structure << "." << c.name;
    }
}

TEST(MemberSchema, KnowsTypesEnumsBoundsAndWhatIsRequired) {
    EXPECT_EQ(member("RunInstancesRequest", "MaxCount").kind, Kind::integer);
    EXPECT_TRUE(member("RunInstancesRequest", "MaxCount").is_required);
    EXPECT_TRUE(member("RunInstancesRequest", "ClientToken").is_idempotency_token);
    EXPECT_EQ(member("RunInstancesRequest", "Placement").structure()->name(), "Placement");
    EXPECT_EQ(member("Instance", "LaunchTime").kind, Kind::timestamp);
    EXPECT_EQ(member("ImportKeyPairRequest", "PublicKeyMaterial").kind, Kind::blob);
    const EnumSchema* types = member("RunInstancesRequest", "InstanceType").enumeration();
    EXPECT_EQ(types->name(), "InstanceType");
    EXPECT_TRUE(types->contains("t3.micro"));
    EXPECT_FALSE(types->contains("t3.micr"));
    EXPECT_FALSE(types->contains(""));
    EXPECT_EQ(member("DescribeVpcsRequest", "MaxResults").bounds()->min, 5);
    EXPECT_EQ(member("DescribeVpcsRequest", "MaxResults").bounds()->max, 1000);
    EXPECT_EQ(member("DescribeInstancesRequest", "MaxResults").bounds(), nullptr);
}

TEST(EnumSchema, ContainsEachOfItsValues) {
    for (const char* structure :
         {"RunInstancesRequest", "CreateVolumeRequest", "TagSpecification"}) {
        for (const MemberSchema& one : ec2_service().find_structure(structure)->members()) {
            if (one.enumeration() == nullptr)
                continue;
            for (const NameRef& value : one.enumeration()->values())
                EXPECT_TRUE(one.enumeration()->contains(value.view())) << value.view();
        }
    }
}

} // namespace
} // namespace pileus::model
