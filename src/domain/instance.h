// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "domain/instance_state.h"

#include <optional>
#include <string>
#include <vector>

namespace pileus::domain {

enum class ShutdownBehavior { stop, terminate };

// What becomes of the guest's memory when the instance stops.
enum class Hibernation {
    none,
    saving, // the stop under way saves it
    saved,  // the next start goes on from it
};

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceMetadataOptionsResponse.html
struct MetadataOptions {
    bool tokens_required = true; // HttpTokens: "required" (IMDSv2 only) or "optional"
    int put_response_hop_limit = 2;
    bool endpoint_enabled = true; // HttpEndpoint
    bool tags_enabled = false;    // InstanceMetadataTags

    friend bool operator==(const MetadataOptions&, const MetadataOptions&) = default;
};

// One instance: what the user asked for, and the state that the engine has brought it to. The row
// is the truth; the guest follows it. Volumes and interfaces know the instance that they are
// attached to.
struct Instance {
    std::string id;
    std::string account_id;
    std::string region;
    std::string zone; // "us-east-1a"
    std::string reservation_id;
    std::string requester_id;
    std::string host_id; // the machine that it runs on
    std::string
        vpc_id; // where its first interface was made; kept after termination for the filters
    std::string subnet_id;
    std::string image_id;
    std::string type;         // "t3.micro"
    std::string architecture; // "x86_64"
    std::string public_key;   // of that key as it was at launch: the metadata service hands it out
                              // even when the pair is deleted
    std::string key_name;     // "" when launched without a key
    std::string root_device_name;
    std::string client_token;
    int launch_index = 0;

    InstanceState state = InstanceState::pending;
    std::string state_reason_code; // "Client.UserInitiatedShutdown", "Server.InternalError" …; ""
                                   // when there is none
    std::string state_reason_message; // "Client.UserInitiatedShutdown: User initiated shutdown"
    std::string transition_reason;    // "User initiated (2026-11-23 09:00:00 GMT)"
    Time launch_time{};               // of the last start, as EC2 reports it
    Time created_at{};                // of RunInstances
    std::optional<Time> terminated_at;
    // Counts the starts; with the id it names one run of the guest, so that work for an earlier run
    // is recognised.
    int64_t start_count = 0;
    bool force_stop = false;           // the stop under way is not to wait for the guest
    bool restart_when_stopped = false; // the machine restarted, and the guest is to come back
    std::optional<Time> stop_deadline; // when a guest that does not shut down is cut off
    int64_t reboots_requested = 0;     // RebootInstances; the engine reboots until both are equal
    int64_t reboots_done = 0;
    // When the guest of this start was first heard of (it asked the metadata service): the evidence
    // for its status check.
    std::optional<Time> guest_seen_at;
    // Why the guest stands still although it runs: the machine's disk is full. "" when it does not.
    std::string impairment;
    std::optional<Time> impaired_since;

    bool hibernation_configured = false; // HibernationOptions.Configured of the launch
    Hibernation hibernation = Hibernation::none;
    // What the guest is made of, in the hypervisor's words, chosen at the first start: later starts
    // make the same, whatever the hypervisor has learned meanwhile.
    std::string hardware;
    std::string fork_id; // the copy of a running instance that it was started from; "" for none

    ShutdownBehavior shutdown_behavior = ShutdownBehavior::stop;
    bool disable_api_termination = false;
    bool disable_api_stop = false;
    bool source_dest_check = true;
    bool ebs_optimized = false;
    bool monitoring = false;
    bool unlimited_credits = false; // T types: CpuCredits "unlimited"
    MetadataOptions metadata;
    std::string user_data; // raw bytes, at most 16 KiB

    bool has_guest() const {
        return state == InstanceState::pending || state == InstanceState::running ||
               state == InstanceState::stopping;
    }
    // The first start, which its launch is waiting for; a reboot belongs to the start before it.
    bool is_launching() const { return state == InstanceState::pending && start_count == 1; }
    // https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html: a stop is
    // charged while it saves the memory.
    bool is_charged() const {
        return state == InstanceState::running ||
               (state == InstanceState::stopping && hibernation == Hibernation::saving);
    }
};

} // namespace pileus::domain
