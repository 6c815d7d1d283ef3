// SPDX-License-Identifier: Apache-2.0
#include "domain/warm_template.h"

namespace pileus::domain {

std::string_view to_string(WarmTemplateState state) {
    switch (state) {
    case WarmTemplateState::wanted:
        return "wanted";
    case WarmTemplateState::starting:
        return "starting";
    case WarmTemplateState::booting:
        return "booting";
    case WarmTemplateState::freezing:
        return "freezing";
    case WarmTemplateState::ready:
        return "ready";
    case WarmTemplateState::stale:
        return "stale";
    case WarmTemplateState::removing:
        return "removing";
    case WarmTemplateState::failed:
        return "failed";
    }
    return "";
}

std::optional<WarmTemplateState> parse_warm_template_state(std::string_view text) {
    for (const auto state : {WarmTemplateState::wanted,
                             WarmTemplateState::starting,
                             WarmTemplateState::booting,
                             WarmTemplateState::freezing,
                             WarmTemplateState::ready,
                             WarmTemplateState::stale,
                             WarmTemplateState::removing,
                             WarmTemplateState::failed})
        if (to_string(state) == text)
            return state;
    return std::nullopt;
}

} // namespace pileus::domain
