// SPDX-License-Identifier: Apache-2.0
#include "domain/instance_state.h"

#include <gtest/gtest.h>
#include <set>
#include <string>

namespace pileus::domain {
namespace {

constexpr InstanceState states[] = {InstanceState::pending,
                                    InstanceState::running,
                                    InstanceState::shutting_down,
                                    InstanceState::terminated,
                                    InstanceState::stopping,
                                    InstanceState::stopped};
constexpr InstanceEvent events[] = {InstanceEvent::start_requested,
                                    InstanceEvent::started,
                                    InstanceEvent::start_failed,
                                    InstanceEvent::launch_failed,
                                    InstanceEvent::stop_requested,
                                    InstanceEvent::stopped,
                                    InstanceEvent::terminate_requested,
                                    InstanceEvent::released};

TEST(InstanceState, NamesRoundTrip) {
    for (const auto state : states)
        EXPECT_EQ(parse_instance_state(to_string(state)), state);
    EXPECT_FALSE(parse_instance_state("Running"));
}

TEST(InstanceState, TerminatedIsFinal) {
    for (const auto event : events)
        EXPECT_FALSE(next(InstanceState::terminated, event));
}

TEST(InstanceState, TerminationIsPossibleFromEveryOtherState) {
    for (const auto state : states)
        if (state != InstanceState::terminated)
            EXPECT_EQ(next(state, InstanceEvent::terminate_requested),
                      InstanceState::shutting_down);
}

TEST(InstanceState, NothingComesBackFromShuttingDown) {
    for (const auto event : events)
        if (const auto to = next(InstanceState::shutting_down, event))
            EXPECT_TRUE(*to == InstanceState::shutting_down || *to == InstanceState::terminated);
}

TEST(InstanceState, EveryStateIsReachedFromPending) {
    std::set<InstanceState> reached{InstanceState::pending};
    for (size_t round = 0; round < std::size(states); ++round)
        for (const auto& t : instance_transitions)
            if (reached.count(t.from) != 0)
                reached.insert(t.to);
    EXPECT_EQ(reached.size(), std::size(states));
}

TEST(InstanceState, NoPairIsListedTwice) {
    std::set<std::pair<InstanceState, InstanceEvent>> seen;
    for (const auto& t : instance_transitions)
        EXPECT_TRUE(seen.emplace(t.from, t.event).second);
}

} // namespace
} // namespace pileus::domain
