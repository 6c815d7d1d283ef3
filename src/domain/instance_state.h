// SPDX-License-Identifier: Apache-2.0
#pragma once

// The life of an instance, as
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html draws it: one
// table of transitions, one pure function. A pair that is not in the table does not happen.

#include <array>
#include <optional>
#include <string_view>

namespace pileus::domain {

// The numbers are EC2's codes on the wire (low byte of InstanceState.Code).
enum class InstanceState {
    pending = 0,
    running = 16,
    shutting_down = 32,
    terminated = 48,
    stopping = 64,
    stopped = 80,
};

enum class InstanceEvent {
    start_requested, // StartInstances, or the guest is to come back after the machine restarted
    started,         // the hypervisor runs the guest
    start_failed,    // it cannot be started; the instance falls back to stopped
    launch_failed,   // the first start cannot be done; the instance is terminated
    stop_requested, // StopInstances, or a power-off inside the guest with shutdown behaviour "stop"
    stopped,        // the guest is gone, its disks are kept
    terminate_requested, // TerminateInstances, or a power-off inside the guest with shutdown
                         // behaviour "terminate"
    released,            // the guest and what is deleted with it are gone
};

struct InstanceTransition {
    InstanceState from;
    InstanceEvent event;
    InstanceState to;
};

inline constexpr std::array instance_transitions{
    InstanceTransition{InstanceState::pending, InstanceEvent::started, InstanceState::running},
    InstanceTransition{
        InstanceState::pending, InstanceEvent::start_failed, InstanceState::stopping},
    InstanceTransition{
        InstanceState::pending, InstanceEvent::launch_failed, InstanceState::shutting_down},
    InstanceTransition{
        InstanceState::pending, InstanceEvent::stop_requested, InstanceState::stopping},
    InstanceTransition{
        InstanceState::pending, InstanceEvent::terminate_requested, InstanceState::shutting_down},
    InstanceTransition{
        InstanceState::running, InstanceEvent::stop_requested, InstanceState::stopping},
    InstanceTransition{
        InstanceState::running, InstanceEvent::terminate_requested, InstanceState::shutting_down},
    InstanceTransition{InstanceState::stopping, InstanceEvent::stopped, InstanceState::stopped},
    InstanceTransition{
        InstanceState::stopping, InstanceEvent::stop_requested, InstanceState::stopping},
    InstanceTransition{
        InstanceState::stopping, InstanceEvent::terminate_requested, InstanceState::shutting_down},
    InstanceTransition{
        InstanceState::stopped, InstanceEvent::start_requested, InstanceState::pending},
    InstanceTransition{
        InstanceState::stopped, InstanceEvent::terminate_requested, InstanceState::shutting_down},
    InstanceTransition{
        InstanceState::shutting_down, InstanceEvent::released, InstanceState::terminated},
    InstanceTransition{InstanceState::shutting_down,
                       InstanceEvent::terminate_requested,
                       InstanceState::shutting_down},
};

constexpr std::optional<InstanceState> next(InstanceState from, InstanceEvent event) {
    for (const auto& t : instance_transitions)
        if (t.from == from && t.event == event)
            return t.to;
    return std::nullopt;
}

std::string_view to_string(InstanceState state); // "pending", "shutting-down" …
std::optional<InstanceState> parse_instance_state(std::string_view text);

} // namespace pileus::domain
