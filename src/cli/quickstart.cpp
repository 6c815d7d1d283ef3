// SPDX-License-Identifier: Apache-2.0
//
// What ./up does once everything is built: from nothing to a server that one can log in to. Each
// step looks first whether it was done before, so that a second run changes nothing.

#include "base/file.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/progress.h"
#include "cli/quote.h"

#include <algorithm>
#include <boost/json.hpp>
#include <fmt/core.h>

namespace pileus::cli {

namespace {

constexpr std::string_view name_tag = "first";
constexpr std::string_view key_name = "pileus";
constexpr std::string_view group_name = "pileus-ssh";

Result<std::string> find_image(const Api& api, const std::string& recipe) {
    PILEUS_ASSIGN(const auto answer,
                  api.ec2("DescribeImages",
                          {{"Owner.1", "amazon"},
                           {"Filter.1.Name", "name"},
                           {"Filter.1.Value.1", recipe + "*"}}));
    // The newest comes first.
    const auto images = answer.items("imagesSet");
    return images.empty() ? std::string() : (*images.front())["imageId"].text;
}

Result<std::string>
ensure_image(const Context& context, const Api& api, const std::string& recipe) {
    PILEUS_ASSIGN(auto image_id, find_image(api, recipe));
    if (!image_id.empty())
        return image_id;
    PILEUS_TRY(build_images(context, {recipe}));
    return find_image(api, recipe);
}

// A private key that is there already is never overwritten: its public half is imported.
Result<void>
import_key(const Context& context, const Api& api, const std::filesystem::path& private_key) {
    ProcessSpec spec;
    spec.argv = {"ssh-keygen", "-y", "-P", "", "-f", private_key.string()};
    PILEUS_ASSIGN(const auto public_key, run_checked(context.runner, spec));
    PILEUS_TRY(api.ec2(
        "ImportKeyPair",
        {{"KeyName", std::string(key_name)}, {"PublicKeyMaterial", base64_encode(public_key)}}));
    return {};
}

// The private half lies with the person; where it was lost, a new pair takes the place of the old.
Result<void> ensure_key(const Context& context, const Api& api) {
    const auto path = context.installation.keys_dir() / (std::string(key_name) + ".pem");
    const bool is_here = std::filesystem::exists(path);
    const auto known = api.ec2("DescribeKeyPairs", {{"KeyName.1", std::string(key_name)}});
    if (known && is_here)
        return {};
    if (is_here)
        return import_key(context, api, path);
    if (known)
        PILEUS_TRY(api.ec2("DeleteKeyPair", {{"KeyName", std::string(key_name)}}));
    PILEUS_ASSIGN(
        const auto created,
        api.ec2("CreateKeyPair", {{"KeyName", std::string(key_name)}, {"KeyType", "ed25519"}}));
    PILEUS_TRY(make_users_folder(context.installation.user, context.installation.user_dir));
    PILEUS_TRY(make_users_folder(context.installation.user, context.installation.keys_dir()));
    return write_users_file(context.installation.user, path, created["keyMaterial"].text, 0600);
}

Result<std::string> ensure_group(const Api& api) {
    const Parameters by_name{{"Filter.1.Name", "group-name"},
                             {"Filter.1.Value.1", std::string(group_name)}};
    PILEUS_ASSIGN(const auto found, api.ec2("DescribeSecurityGroups", by_name));
    if (const auto groups = found.items("securityGroupInfo"); !groups.empty())
        return (*groups.front())["groupId"].text;
    PILEUS_ASSIGN(const auto created,
                  api.ec2("CreateSecurityGroup",
                          {{"GroupName", std::string(group_name)},
                           {"GroupDescription", "SSH and ping from everywhere"}}));
    const auto group_id = created["groupId"].text;
    PILEUS_TRY(api.ec2("AuthorizeSecurityGroupIngress",
                       {{"GroupId", group_id},
                        {"IpPermissions.1.IpProtocol", "tcp"},
                        {"IpPermissions.1.FromPort", "22"},
                        {"IpPermissions.1.ToPort", "22"},
                        {"IpPermissions.1.IpRanges.1.CidrIp", "0.0.0.0/0"},
                        {"IpPermissions.2.IpProtocol", "icmp"},
                        {"IpPermissions.2.FromPort", "-1"},
                        {"IpPermissions.2.ToPort", "-1"},
                        {"IpPermissions.2.IpRanges.1.CidrIp", "0.0.0.0/0"}}));
    return group_id;
}

Result<std::string> find_first_instance(const Api& api) {
    PILEUS_ASSIGN(const auto found,
                  describe_instances(api,
                                     {{"Filter.1.Name", "tag:Name"},
                                      {"Filter.1.Value.1", std::string(name_tag)},
                                      {"Filter.2.Name", "instance-state-name"},
                                      {"Filter.2.Value.1", "pending"},
                                      {"Filter.2.Value.2", "running"},
                                      {"Filter.2.Value.3", "stopping"},
                                      {"Filter.2.Value.4", "stopped"}}));
    return found.empty() ? std::string() : found.front().id;
}

// One vCPU: without KVM a second one slows a small guest down.
Result<std::string>
launch(const Api& api, const std::string& image_id, const std::string& group_id) {
    PILEUS_ASSIGN(const auto launched,
                  api.ec2("RunInstances",
                          {{"ImageId", image_id},
                           {"InstanceType", "t2.micro"},
                           {"MinCount", "1"},
                           {"MaxCount", "1"},
                           {"KeyName", std::string(key_name)},
                           {"SecurityGroupId.1", group_id},
                           {"TagSpecification.1.ResourceType", "instance"},
                           {"TagSpecification.1.Tag.1.Key", "Name"},
                           {"TagSpecification.1.Tag.1.Value", std::string(name_tag)}}));
    const auto instances = launched.items("instancesSet");
    return instances.empty() ? std::string() : (*instances.front())["instanceId"].text;
}

std::string quoted(const std::vector<std::string>& words) {
    std::string line;
    for (const auto& word : words)
        line += (line.empty() ? "" : " ") + shell_quote(word);
    return line;
}

void print_emulated_ending() {
    fmt::print(
        "\nPileus emulates EC2: every operation answers, states advance, and no guest runs.\n\n"
        "  eval \"$(./pileus env)\"       for your own tools\n"
        "  ./pileus aws ec2 describe-vpcs\n"
        "  ./up --down                  stops it\n\n"
        "Images are declared in the configuration: docs/operator-guide.md, \"Emulation mode\".\n");
}

Result<void> print_ending(const Context& context, const Api& api, const std::string& instance_id) {
    PILEUS_ASSIGN(const auto ssh_line, plain_ssh_line(context, api, instance_id));
    PILEUS_ASSIGN(const auto cost, api.pileus("GetCost"));
    std::string total = "0";
    for (const auto& entry : cost.at("instances").as_array())
        if (entry.at("instance_id").as_string() == std::string_view(instance_id))
            total = std::string(entry.at("total").as_string());
    fmt::print(
        "\nYour server {} is up. It has cost ${} so far. Log in:\n\n  {}\n  ./pileus ssh {}\n\n"
        "Try next:\n\n"
        "  ./pileus aws ec2 describe-instances --query "
        "'Reservations[].Instances[].[InstanceId,State.Name,PublicIpAddress]'\n"
        "  ./pileus aws ec2 stop-instances --instance-ids {}\n"
        "  ./pileus cost\n"
        "  ./pileus status\n"
        "  eval \"$(./pileus env)\"       for Terraform, boto3 and your other tools\n",
        instance_id,
        total,
        quoted(ssh_line),
        instance_id,
        instance_id);
    return {};
}

} // namespace

Outcome quickstart(const Context& context, const QuickstartOptions& options) {
    PILEUS_TRY(start_daemon(context, {.emulated = options.emulated}));
    PILEUS_ASSIGN(const auto api, context.connect());
    if (options.emulated) {
        print_emulated_ending();
        return 0;
    }
    PILEUS_ASSIGN(const auto image_id, ensure_image(context, api, options.recipe));
    PILEUS_TRY(ensure_key(context, api));
    if (!options.launch)
        return 0;
    PILEUS_ASSIGN(auto instance_id, find_first_instance(api));
    if (instance_id.empty()) {
        PILEUS_ASSIGN(const auto group_id, ensure_group(api));
        PILEUS_ASSIGN(instance_id, launch(api, image_id, group_id));
        fmt::print("launched {} from {}\n", instance_id, image_id);
    }
    PILEUS_ASSIGN(const auto instance, describe_instance(api, instance_id));
    if (instance.state == "stopped" || instance.state == "stopping") {
        fmt::print("\nYour server {0} is {1}, as you left it. Start it:\n\n  ./pileus aws ec2 "
                   "start-instances --instance-ids {0}\n",
                   instance_id,
                   instance.state);
        return 0;
    }
    PILEUS_TRY(print_ending(context, api, instance_id));
    return 0;
}

} // namespace pileus::cli
