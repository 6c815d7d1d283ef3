// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "model/ec2/import_key_pair.h"
#include "model/ec2/run_instances.h"
#include "model/sts/assume_role.h"
#include "wire/limits.h"
#include "wire/query_decoder.h"
#include "wire/query_encoder.h"

#include <gmock/gmock.h>

namespace pileus::wire {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// What the decoder makes of a body: the tree written as a query again, or "Code: message".
std::string decoded(std::string_view body,
                    const model::ServiceSchema& service = model::ec2_service()) {
    auto form = Form::parse("", body);
    if (!form)
        return form.error().code + ": " + form.error().message;
    auto operation = find_action(service, *form);
    if (!operation)
        return operation.error().code + ": " + operation.error().message;
    model::Arena arena;
    auto record = decode(**operation, *form, arena);
    if (!record)
        return record.error().code + ": " + record.error().message;
    return *percent_decode(encode_query(**record, service.protocol), true);
}

struct Case {
    const char* what;
    const char* body;
    const char* expected;
};

TEST(QueryDecoder, ReadsWhatClientsSend) {
    for (const Case& c : std::initializer_list<Case>{
             {"no parameters", "Action=DescribeInstances", ""},
             {"scalars",
              "Action=DescribeInstances&MaxResults=5&NextToken=abc",
              "NextToken=abc&MaxResults=5"},
             {"list of strings (Ec2Lists)",
              "Action=DescribeInstances&InstanceId.1=i-1&InstanceId.2=i-2",
              "InstanceId.1=i-1&InstanceId.2=i-2"},
             {"list of structures with a list",
              "Action=DescribeInstances&Filter.1.Name=vpc-id&Filter.1.Value.1=a&Filter.1.Value.2=b&"
              "Filter.2.Name=x",
              "Filter.1.Name=vpc-id&Filter.1.Value.1=a&Filter.1.Value.2=b&Filter.2.Name=x"},
             {"indexes in any order",
              "Action=DescribeInstances&InstanceId.10=j&InstanceId.2=b&InstanceId.1=a",
              "InstanceId.1=a&InstanceId.2=b&InstanceId.3=j"},
             {"gaps in the indexes",
              "Action=DescribeInstances&Filter.9.Name=b&Filter.3.Name=a&Filter.3.Value.7=x",
              "Filter.1.Name=a&Filter.1.Value.1=x&Filter.2.Name=b"},
             {"an index of zero", "Action=DescribeInstances&InstanceId.0=a", "InstanceId.1=a"},
             {"members of elements interleaved",
              "Action=DescribeInstances&Filter.1.Name=a&Filter.2.Name=b&Filter.1.Value.1=x&Filter."
              "2.Value.1=y",
              "Filter.1.Name=a&Filter.1.Value.1=x&Filter.2.Name=b&Filter.2.Value.1=y"},
             {"query name before XML name (Ec2QueryIsPreferred)",
              "Action=RunInstances&MaxCount=1&MinCount=1&NetworkInterface.1.DeviceIndex=0&"
              "NetworkInterface.1.SubnetId=s",
              "MaxCount=1&MinCount=1&NetworkInterface.1.DeviceIndex=0&NetworkInterface.1.SubnetId="
              "s"},
             {"list name from the XML name (Ec2ListMemberWithXmlName)",
              "Action=CreateTags&ResourceId.1=i-1&Tag.1.Key=k&Tag.1.Value=v",
              "ResourceId.1=i-1&Tag.1.Key=k&Tag.1.Value=v"},
             {"nested structures",
              "Action=RunInstances&MaxCount=1&MinCount=1&Placement.Tenancy=default&"
              "BlockDeviceMapping.1.Ebs.VolumeSize=8&BlockDeviceMapping.1.DeviceName=/dev/xvda",
              "MaxCount=1&MinCount=1&BlockDeviceMapping.1.Ebs.VolumeSize=8&BlockDeviceMapping.1."
              "DeviceName=/dev/xvda&Placement.Tenancy=default"},
             {"booleans in any spelling",
              "Action=StopInstances&InstanceId.1=i&Force=True&Hibernate=0",
              "InstanceId.1=i&Hibernate=false&Force=true"},
             {"timestamps",
              "Action=DescribeSpotPriceHistory&StartTime=2011-12-20T08:29:31Z&EndTime=2011-12-"
              "20T09:29:31.5%2B01:00",
              "StartTime=2011-12-20T08:29:31.000Z&EndTime=2011-12-20T08:29:31.500Z"},
             {"fractions",
              "Action=CreateFleet&TargetCapacitySpecification.TotalTargetCapacity=1&"
              "LaunchTemplateConfigs.1.Overrides.1.WeightedCapacity=0.25",
              "LaunchTemplateConfigs.1.Overrides.1.WeightedCapacity=0.25&"
              "TargetCapacitySpecification.TotalTargetCapacity=1"},
             {"empty scalars mean absent (Terraform)",
              "Action=RunInstances&MaxCount=1&MinCount=1&Placement.AvailabilityZone=&UserData=&"
              "EbsOptimized=&Ipv6AddressCount=",
              "MaxCount=1&MinCount=1"},
             {"the empty value of a filter",
              "Action=DescribeInstances&Filter.1.Name=tag:x&Filter.1.Value.1=",
              "Filter.1.Name=tag:x&Filter.1.Value.1="},
             {"an empty tag value",
              "Action=CreateTags&ResourceId.1=i-1&Tag.1.Key=k&Tag.1.Value=",
              "ResourceId.1=i-1&Tag.1.Key=k"},
             {"an empty list", "Action=DescribeInstances&InstanceId=", ""},
             {"signature version 4 in the query",
              "Action=DescribeVpcs&X-Amz-Algorithm=a&X-Amz-Credential=b&X-Amz-Signature=c&x-amz-"
              "security-token=d",
              ""},
             {"signature version 2",
              "Action=DescribeVpcs&AWSAccessKeyId=a&Signature=b&SignatureVersion=2&SignatureMethod="
              "c&Timestamp=d&Expires=e&SecurityToken=f",
              ""},
             {"an older version", "Action=DescribeVpcs&Version=2014-10-01", ""},
             {"text beyond ASCII",
              "Action=CreateKeyPair&KeyName=cl%C3%A9%20%F0%9F%94%91",
              "KeyName=cl\xC3\xA9 \xF0\x9F\x94\x91"},
         }) {
        EXPECT_EQ(decoded(c.body), c.expected) << c.what;
    }
}

// What is written again shows no empty text: the record is asked.
TEST(QueryDecoder, NoDeviceIsMeantByItsPresence) {
    for (const bool is_sent : {true, false}) {
        auto form = Form::parse("",
                                std::string("Action=RunInstances&MaxCount=1&MinCount=1&"
                                            "BlockDeviceMapping.1.DeviceName=/dev/sdf") +
                                    (is_sent ? "&BlockDeviceMapping.1.NoDevice=" : ""));
        ASSERT_TRUE(form);
        model::Arena arena;
        const auto record =
            decode(**find_action(model::ec2_service(), *form), *form, arena).value();
        const auto index = [](const model::Record& of, std::string_view name) {
            return static_cast<size_t>(of.schema().find_by_name(name));
        };
        const auto& mappings = record->at(index(*record, "BlockDeviceMappings"));
        ASSERT_EQ(mappings.list->size, 1u);
        const auto& mapping = *mappings.list->items[0].record;
        EXPECT_EQ(mapping.has(index(mapping, "NoDevice")), is_sent);
        EXPECT_FALSE(mapping.has(index(mapping, "VirtualName")));
    }
}

TEST(QueryDecoder, AnswersWithTheCodesOfEc2) {
    for (const Case& c : std::initializer_list<Case>{
             {"no action",
              "Version=2016-11-15",
              "MissingAction: The request must contain the parameter Action"},
             {"empty action",
              "Action=",
              "MissingAction: The request must contain the parameter Action"},
             {"unknown action",
              "Action=DescribeUnicorns",
              "InvalidAction: The action DescribeUnicorns is not valid for this web service."},
             {"another service's action",
              "Action=GetCallerIdentity",
              "InvalidAction: The action GetCallerIdentity is not valid for this web service."},
             {"future version",
              "Action=DescribeVpcs&Version=2017-01-01",
              "NoSuchVersion: The requested version of the API is not available; use 2016-11-15"},
             {"no date",
              "Action=DescribeVpcs&Version=latest",
              "NoSuchVersion: The requested version of the API is not available; use 2016-11-15"},
             {"unknown parameter",
              "Action=DescribeVpcs&Colour=red",
              "UnknownParameter: The parameter Colour is not recognized"},
             {"unknown member",
              "Action=DescribeVpcs&Filter.1.Colour=red",
              "UnknownParameter: The parameter Filter.1.Colour is not recognized"},
             {"wrong case",
              "Action=DescribeVpcs&vpcId.1=v",
              "UnknownParameter: The parameter vpcId.1 is not recognized"},
             {"list of structures without an index",
              "Action=DescribeVpcs&Filter=v",
              "UnknownParameter: The parameter Filter is not recognized"},
             {"list with a word for an index",
              "Action=DescribeVpcs&VpcId.member.1=v",
              "UnknownParameter: The parameter VpcId.member.1 is not recognized"},
             {"index with a zero in front",
              "Action=DescribeVpcs&VpcId.01=v",
              "UnknownParameter: The parameter VpcId.01 is not recognized"},
             {"negative index",
              "Action=DescribeVpcs&VpcId.-1=v",
              "UnknownParameter: The parameter VpcId.-1 is not recognized"},
             {"index over the limit",
              "Action=DescribeVpcs&VpcId.10001=v",
              "UnknownParameter: The parameter VpcId.10001 is not recognized"},
             {"index without end",
              "Action=DescribeVpcs&VpcId.99999999999999999999=v",
              "UnknownParameter: The parameter VpcId.99999999999999999999 is not recognized"},
             {"below a scalar",
              "Action=DescribeVpcs&DryRun.X=v",
              "UnknownParameter: The parameter DryRun.X is not recognized"},
             {"below a string in a list",
              "Action=DescribeVpcs&VpcId.1.X=v",
              "UnknownParameter: The parameter VpcId.1.X is not recognized"},
             {"a structure as a scalar",
              "Action=RunInstances&MaxCount=1&MinCount=1&Placement=x",
              "UnknownParameter: The parameter Placement is not recognized"},
             {"a dot at the end",
              "Action=CreateKeyPair&KeyName.=x",
              "UnknownParameter: The parameter KeyName. is not recognized"},
             {"an empty name",
              "Action=DescribeVpcs&=x",
              "UnknownParameter: The parameter  is not recognized"},
             {"dots only",
              "Action=DescribeVpcs&..=x",
              "UnknownParameter: The parameter .. is not recognized"},
             {"missing",
              "Action=RunInstances&MaxCount=1",
              "MissingParameter: The request must contain the parameter MinCount"},
             {"missing because empty",
              "Action=CreateKeyPair&KeyName=",
              "MissingParameter: The request must contain the parameter KeyName"},
             {"missing list",
              "Action=TerminateInstances",
              "MissingParameter: The request must contain the parameter InstanceId"},
             {"missing by its wire name",
              "Action=CreateSecurityGroup&GroupName=x",
              "MissingParameter: The request must contain the parameter GroupDescription"},
             {"missing in an element",
              "Action=RunInstances&MaxCount=1&MinCount=1&ElasticGpuSpecification.4.Type=x&"
              "ElasticGpuSpecification.7.Type=",
              "MissingParameter: The request must contain the parameter "
              "ElasticGpuSpecification.2.Type"},
             {"twice",
              "Action=DescribeVpcs&VpcId.1=a&VpcId.1=b",
              "InvalidQueryParameter: The parameter VpcId.1 is given more than once"},
             {"number",
              "Action=RunInstances&MaxCount=abc&MinCount=1",
              "InvalidParameterValue: Value (abc) for parameter maxCount is invalid. Expecting an "
              "integer."},
             {"fraction for an integer",
              "Action=RunInstances&MaxCount=1.5&MinCount=1",
              "InvalidParameterValue: Value (1.5) for parameter maxCount is invalid. Expecting an "
              "integer."},
             {"number too large",
              "Action=RunInstances&MaxCount=2147483648&MinCount=1",
              "InvalidParameterValue: Value (2147483648) for parameter maxCount is invalid. "
              "Expecting a 32-bit integer."},
             {"number beyond 64 bits",
              "Action=RunInstances&MaxCount=99999999999999999999&MinCount=1",
              "InvalidParameterValue: Value (99999999999999999999) for parameter maxCount is "
              "invalid. Expecting an integer."},
             {"below the minimum",
              "Action=DescribeVpcs&MaxResults=4",
              "InvalidParameterValue: Value (4) for parameter maxResults is invalid. Expecting a "
              "value greater than 5."},
             {"above the maximum",
              "Action=DescribeVpcs&MaxResults=1001",
              "InvalidParameterValue: Value (1001) for parameter maxResults is invalid. Expecting "
              "a value less than or equal to 1000."},
             {"boolean",
              "Action=StopInstances&InstanceId.1=i&Force=yes",
              "InvalidParameterValue: Value (yes) for parameter force is invalid. Expecting true "
              "or false."},
             {"timestamp",
              "Action=DescribeSpotPriceHistory&StartTime=yesterday",
              "InvalidParameterValue: Value (yesterday) for parameter startTime is invalid. "
              "Expecting a timestamp such as 2011-12-20T08:29:31Z."},
             {"base64",
              "Action=ImportKeyPair&KeyName=k&PublicKeyMaterial=!!!",
              "InvalidParameterValue: Value (!!!) for parameter publicKeyMaterial is invalid. "
              "Expecting base64."},
             {"not a number",
              "Action=CreateFleet&TargetCapacitySpecification.TotalTargetCapacity=1&"
              "LaunchTemplateConfigs.1.Overrides.1.WeightedCapacity=nan",
              "InvalidParameterValue: Value (nan) for parameter "
              "launchTemplateConfigs.1.Overrides.1.WeightedCapacity is invalid. Expecting a "
              "number."},
             {"value of a closed list",
              "Action=CreateVolume&AvailabilityZone=a&VolumeType=floppy",
              "InvalidParameterValue: Value (floppy) for parameter volumeType is invalid. Valid "
              "values are: gp2, gp3, io1, io2, sc1, st1, standard"},
             {"not UTF-8",
              "Action=CreateKeyPair&KeyName=%FF",
              "InvalidCharacter: The value of parameter keyName contains an invalid character"},
             {"control character",
              "Action=CreateKeyPair&KeyName=a%00b",
              "InvalidCharacter: The value of parameter keyName contains an invalid character"},
             {"a name that is not UTF-8",
              "Action=DescribeVpcs&%FF=x",
              "InvalidCharacter: A parameter's name contains an invalid character"},
         }) {
        EXPECT_EQ(decoded(c.body), c.expected) << c.what;
    }
}

TEST(QueryDecoder, CutsWhatItQuotes) {
    std::string answer =
        decoded("Action=RunInstances&MinCount=1&MaxCount=" + std::string(100'000, 'x'));
    EXPECT_THAT(answer, StartsWith("InvalidParameterValue: Value (xxx"));
    EXPECT_LT(answer.size(), 300u);
    answer = decoded("Action=CreateVolume&AvailabilityZone=a&VolumeType=" +
                     percent_encode(std::string(127, 'x') + "\xC3\xA9"));
    EXPECT_TRUE(is_valid_utf8(answer)) << answer;
    EXPECT_LT(decoded("Action=" + std::string(10'000, 'x')).size(), 300u);
}

TEST(QueryDecoder, ReadsBlobsAsTheirBytes) {
    auto form =
        Form::parse("", "Action=ImportKeyPair&KeyName=k&PublicKeyMaterial=c3NoLXJzYSBBQQ%3D%3D");
    model::Arena arena;
    auto record = decode(model::operations::ImportKeyPair::schema(), *form, arena);
    ASSERT_TRUE(record);
    EXPECT_EQ(model::ImportKeyPairRequest(**record).public_key_material(), "ssh-rsa AA");
}

TEST(QueryDecoder, OutlivesTheFormInTheArena) {
    model::Arena arena;
    model::Record* record = nullptr;
    {
        auto form = Form::parse("Action=RunInstances",
                                "MaxCount=1&MinCount=1&ImageId=ami-1&SecurityGroupId.1=sg-1");
        record = *decode(model::operations::RunInstances::schema(), *form, arena);
    }
    model::RunInstancesRequest in(*record);
    EXPECT_EQ(in.image_id(), "ami-1");
    EXPECT_EQ(in.security_group_ids()[0], "sg-1");
}

TEST(QueryDecoderDeathTest, FreezesTheRequest) {
    auto form = Form::parse("", "Action=RunInstances&MaxCount=1&MinCount=1");
    model::Arena arena;
    model::RunInstancesRequest in(
        **decode(model::operations::RunInstances::schema(), *form, arena));
    EXPECT_DEATH(in.set_image_id("x"), "written to after decoding");
}

TEST(QueryDecoder, ReadsTheListsOfTheAwsQueryProtocol) {
    EXPECT_EQ(decoded("Action=AssumeRole&RoleArn=a&RoleSessionName=b&PolicyArns.member.1.arn=c&"
                      "Tags.member.2.Key=k&Tags.member.2.Value=v",
                      model::sts_service()),
              "RoleArn=a&RoleSessionName=b&PolicyArns.member.1.arn=c&Tags.member.1.Key=k&Tags."
              "member.1.Value=v");
    EXPECT_EQ(
        decoded("Action=AssumeRole&RoleArn=a&RoleSessionName=b&Tags.1.Key=k", model::sts_service()),
        "UnknownParameter: The parameter Tags.1.Key is not recognized");
}

TEST(QueryDecoder, KnowsTheVersionToAnswerIn) {
    auto version = [](const char* body) {
        return std::string(requested_version(model::ec2_service(), *Form::parse("", body)));
    };
    EXPECT_EQ(version("Version=2014-10-01"), "2014-10-01");
    EXPECT_EQ(version(""), "2016-11-15");
    EXPECT_EQ(version("Version=\"><x>"), "2016-11-15");
}

TEST(QueryDecoder, TakesNoParameterOfAnOperationForOneOfTheProtocol) {
    for (const model::ServiceSchema* service : {&model::ec2_service(), &model::sts_service()}) {
        for (const model::OperationSchema& operation : service->operations()) {
            if (operation.input() == nullptr)
                continue;
            for (const model::MemberSchema& member : operation.input()->members())
                EXPECT_FALSE(is_protocol_parameter(member.query_name()))
                    << operation.name() << " " << member.name();
        }
    }
}

TEST(QueryDecoder, ReadsTheLargestFormQuickly) {
    // The worst order for a list, and names that share long beginnings.
    std::string body = "Action=DescribeInstances";
    for (size_t i = limits::parameters_max - 1; i > 0; --i)
        body += "&Filter.1.Value." + std::to_string(i) + "=" + std::to_string(i);
    std::string tree = decoded(body);
    EXPECT_THAT(tree, StartsWith("Filter.1.Value.1=1&Filter.1.Value.2=2&"));
    EXPECT_THAT(tree, HasSubstr("&Filter.1.Value.9999=9999"));
}

} // namespace
} // namespace pileus::wire
