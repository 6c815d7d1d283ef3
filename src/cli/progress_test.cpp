// SPDX-License-Identifier: Apache-2.0
#include "cli/progress.h"

#include <gtest/gtest.h>
#include <string>

namespace pileus::cli {
namespace {

using std::chrono::seconds;

Terminal plain() {
    Terminal terminal;
    terminal.columns = 80;
    return terminal;
}

TEST(RenderProgress, ShowsABarWhereTheLengthIsKnown) {
    EXPECT_EQ(render_progress({"building", 0.5, "packages", 75, 0}, plain()),
              "| building  [############............]  50 %  1:15  packages");
}

TEST(RenderProgress, ShowsOnlyTheTimeWhereItIsNot) {
    EXPECT_EQ(render_progress({"waiting", std::nullopt, "", 7, 1}, plain()), "/ waiting  0:07");
}

TEST(RenderProgress, StaysWithinTheTerminalAtTheBorderOfACharacter) {
    Terminal terminal = plain();
    terminal.unicode = true;
    terminal.columns = 20;
    const auto line = render_progress({"waiting", 1.0, "a long note", 7, 0}, terminal);
    EXPECT_EQ(display_width(line), 19u);
}

TEST(Progress, TellsALogItsStartEachFifthAndItsEnd) {
    ManualClock clock;
    std::string log;
    Progress progress(plain(), clock, [&](std::string_view text) { log += text; });
    progress.begin("building");
    for (int percent = 0; percent <= 100; percent += 5)
        progress.update(percent / 100.0, "step");
    clock.advance(seconds{65});
    progress.done("ready");
    EXPECT_EQ(log,
              "building ...\nbuilding: 20 %, 0:00 (step)\nbuilding: 40 %, 0:00 (step)\n"
              "building: 60 %, 0:00 (step)\nbuilding: 80 %, 0:00 (step)\n"
              "building: 100 %, 0:00 (step)\nok building: ready  1:05\n");
}

TEST(Progress, TellsALogOnceInAQuarterOfAMinuteWhileItWaits) {
    ManualClock clock;
    std::string log;
    Progress progress(plain(), clock, [&](std::string_view text) { log += text; });
    progress.begin("waiting");
    for (int i = 0; i < 20; ++i) {
        clock.advance(seconds{1});
        progress.tick("pending");
    }
    progress.failed();
    EXPECT_EQ(log, "waiting ...\nwaiting: 0:15 (pending)\nFAILED waiting  0:20\n");
}

TEST(Progress, AnOpenStepThatIsLeftHasFailed) {
    ManualClock clock;
    std::string log;
    {
        Progress progress(plain(), clock, [&](std::string_view text) { log += text; });
        progress.begin("waiting");
    }
    EXPECT_EQ(log, "waiting ...\nFAILED waiting\n");
}

} // namespace
} // namespace pileus::cli
