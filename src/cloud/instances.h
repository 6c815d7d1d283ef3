// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cloud/block_devices.h"
#include "cloud/context.h"
#include "cloud/filters.h"
#include "cloud/interface_request.h"
#include "cloud/paging.h"
#include "cloud/tags.h"
#include "domain/address.h"
#include "domain/image.h"
#include "domain/instance.h"
#include "domain/instance_type.h"
#include "domain/network_interface.h"
#include "domain/volume.h"

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace pileus::cloud {

// MetadataOptions as a request gives them; what is absent keeps its default or its value.
struct MetadataOptionsChange {
    std::optional<bool> tokens_required;
    std::optional<int> put_response_hop_limit;
    std::optional<bool> endpoint_enabled;
    std::optional<bool> tags_enabled;
};

// One entry of NetworkInterface.N.
struct LaunchInterface {
    std::optional<int> device_index;
    std::string network_interface_id; // of one that is there already; then nothing else is said
    std::string subnet_id;
    std::vector<std::string> security_group_ids;
    InterfaceAddresses addresses;
    std::optional<bool> associate_public_ip;
    std::optional<bool> delete_on_termination;
    std::string description;
};

// RunInstances. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html
struct LaunchRequest {
    int minimum_count = 1;
    int maximum_count = 1;
    std::string image_id;
    std::string type = "m1.small"; // EC2's own default, which no installation has: it answers so
    std::string key_name;
    std::string user_data; // decoded
    std::string subnet_id;
    std::string zone;
    InterfaceAddresses addresses;
    std::vector<std::string> security_group_ids;
    std::vector<std::string> security_group_names;
    std::vector<LaunchInterface> interfaces; // instead of the subnet, groups and addresses above
    std::vector<BlockDeviceRequest> block_devices;
    std::vector<TagSpecification> tag_specifications;
    MetadataOptionsChange metadata;
    domain::ShutdownBehavior shutdown_behavior = domain::ShutdownBehavior::stop;
    bool disable_api_termination = false;
    bool disable_api_stop = false;
    bool ebs_optimized = false;
    bool monitoring = false;
    bool hibernation_configured = false;
    std::optional<bool> unlimited_credits;
    std::string client_token;
    std::string
        parameters_hash; // of everything but the token: tells a repeated call from another one
};

// Everything that an answer says about an instance.
struct InstanceView {
    domain::Instance instance;
    std::vector<domain::Volume> volumes;
    std::vector<domain::NetworkInterface> interfaces;
    std::vector<domain::Address> elastic_addresses; // that stand for addresses of the interfaces
    std::map<std::string, std::string> group_names; // of the interfaces' groups: id → name
    domain::Tags tags;
    std::string zone_id;
    std::string dns_domain;     // of private DNS names
    bool has_dns_names = false; // the VPC's enableDnsHostnames: of interfaces
};

struct ReservationView {
    std::string id;
    std::string owner_id;
    std::vector<InstanceView> instances;
};

struct InstanceQuery {
    std::vector<std::string> ids;
    Filters filters;
    PageRequest page;
};

struct InstanceStateChange {
    std::string instance_id;
    domain::InstanceState previous;
    domain::InstanceState current;
};

enum class StopKind {
    shut_down, // the guest is asked to
    cut_off,   // and it is not
    hibernate, // its memory is kept, and the next start goes on from it
};

// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitoring-system-instance-status-check.html
struct InstanceStatusView {
    domain::Instance instance;
    std::string instance_status; // "ok", "initializing", "impaired", "not-applicable"
    std::string system_status;
    std::optional<Time> impaired_since;
    std::string zone_id;
};

struct InstanceStatusQuery {
    std::vector<std::string> ids;
    Filters filters;
    PageRequest page;
    bool include_all = false; // also those that do not run
};

// The one attribute that a ModifyInstanceAttribute changes.
namespace change {
struct Type {
    std::string name;
};
struct UserData {
    std::string bytes;
};
struct DisableApiTermination {
    bool value;
};
struct DisableApiStop {
    bool value;
};
struct Shutdown {
    domain::ShutdownBehavior value;
};
struct SourceDestCheck {
    bool value;
};
struct EbsOptimized {
    bool value;
};
struct SecurityGroups {
    std::vector<std::string> ids;
};
struct DeleteOnTermination {
    struct OfDevice {
        std::string device;
        std::string volume_id; // "" for whichever is there
        bool value = false;
    };
    std::vector<OfDevice> devices;
};
} // namespace change
using InstanceChange = std::variant<change::Type,
                                    change::UserData,
                                    change::DisableApiTermination,
                                    change::DisableApiStop,
                                    change::Shutdown,
                                    change::SourceDestCheck,
                                    change::EbsOptimized,
                                    change::SecurityGroups,
                                    change::DeleteOnTermination>;

struct ConsoleOutput {
    std::string bytes;
    Time at{};
};

// Instances, from reservation to termination. Each change writes the rows and enqueues work; the
// engine makes it so.
class Instances {
  public:
    explicit Instances(const Context& context) : context_(context) {}

    Result<ReservationView> launch(const domain::Caller& caller, const LaunchRequest& request);
    Result<Listing<ReservationView>> describe(const domain::Caller& caller,
                                              const InstanceQuery& query);
    Result<Listing<InstanceStatusView>> describe_status(const domain::Caller& caller,
                                                        const InstanceStatusQuery& query);
    Result<InstanceView> describe_one(const domain::Caller& caller, const std::string& instance_id);

    Result<std::vector<InstanceStateChange>> start(const domain::Caller& caller,
                                                   const std::vector<std::string>& ids);
    Result<std::vector<InstanceStateChange>>
    stop(const domain::Caller& caller, const std::vector<std::string>& ids, StopKind kind);
    Result<void> reboot(const domain::Caller& caller, const std::vector<std::string>& ids);
    Result<std::vector<InstanceStateChange>> terminate(const domain::Caller& caller,
                                                       const std::vector<std::string>& ids);

    Result<void> modify(const domain::Caller& caller,
                        const std::string& instance_id,
                        const InstanceChange& change);
    Result<domain::Instance> modify_metadata_options(const domain::Caller& caller,
                                                     const std::string& instance_id,
                                                     const MetadataOptionsChange& change);
    Result<ConsoleOutput> console_output(const domain::Caller& caller,
                                         const std::string& instance_id);
    // A JPEG file. `wake_up` presses a key before.
    Result<std::string>
    screenshot(const domain::Caller& caller, const std::string& instance_id, bool wake_up);

  private:
    const Context& context_;
};

} // namespace pileus::cloud
