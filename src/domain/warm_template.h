// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"

#include <optional>
#include <string>
#include <string_view>

namespace pileus::domain {

enum class WarmTemplateState {
    wanted,   // waits until the machine has room
    starting, // its volume and its guest are being made
    booting,  // its guest is on its way to where it needs to know who it is
    freezing, // its memory and its disk are being kept
    ready,    // instances are started from it
    stale,    // what it was made of has changed: taken away and made again
    removing, // taken away
    failed,   // could not be made; asked for again after a while
};

// A guest that was booted once and frozen before it was anybody, from which instances of one image
// and one type are started. (EC2's "launch template" is something else.) Its disk is known to the
// volumes driver only: it is nobody's volume, nor anybody's snapshot.
struct WarmTemplate {
    std::string id; // "wt-…"
    std::string host_id;
    std::string image_id;
    std::string instance_type;
    std::string account_id; // whose launches it serves; "" for everybody's
    WarmTemplateState state = WarmTemplateState::wanted;
    Time state_since{};
    std::string message;           // why it failed, or is taken away
    std::string image_snapshot_id; // the image's disk that it was made of
    std::string fingerprint;       // what else it depends on, in the hypervisor's words
    std::string volume_id;         // while it is being made
    std::string snapshot_id;       // from `freezing` on
    int64_t memory_bytes = 0;
    int64_t disk_bytes = 0;
    int64_t boot_milliseconds = 0; // how long its guest took until it was ready to be frozen
    int attempts = 0;
    int64_t hits = 0;      // instances that were started from it
    int64_t fallbacks = 0; // instances that could not be, and booted
    // Of all hits: its own boot's time less the time that the start from it took.
    int64_t saved_milliseconds = 0;
    Time created_at{};
    std::optional<Time> ready_at;
    Time last_wanted_at{}; // when a launch last used or asked for it

    bool is_being_made() const {
        return state == WarmTemplateState::starting || state == WarmTemplateState::booting ||
               state == WarmTemplateState::freezing;
    }
};

// An instance that is being started from a warm template: its root volume stands on the template's
// disk, and must not outlive a start that fails. The row goes when the start has succeeded, or when
// that volume is gone.
struct WarmLaunch {
    std::string instance_id;
    std::string template_id;
    Time begun_at{};
};

std::string_view to_string(WarmTemplateState state);
std::optional<WarmTemplateState> parse_warm_template_state(std::string_view text);

} // namespace pileus::domain
