// SPDX-License-Identifier: Apache-2.0
#include "domain/snapshot.h"

namespace pileus::domain {

std::string_view to_string(SnapshotState state) {
    switch (state) {
    case SnapshotState::pending:
        return "pending";
    case SnapshotState::completed:
        return "completed";
    case SnapshotState::error:
        return "error";
    case SnapshotState::deleting:
        return "deleting";
    }
    return "";
}

std::optional<SnapshotState> parse_snapshot_state(std::string_view text) {
    for (const auto state : {SnapshotState::pending,
                             SnapshotState::completed,
                             SnapshotState::error,
                             SnapshotState::deleting})
        if (to_string(state) == text)
            return state;
    return std::nullopt;
}

} // namespace pileus::domain
