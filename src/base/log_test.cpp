// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "base/log.h"
#include "base/temporary_folder.h"
#include "base/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pileus {
namespace {

using namespace std::string_literals;
using testing::EndsWith;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

class Log : public testing::Test {
  protected:
    void TearDown() override { configure_log("info", ""); }

    std::string path() const { return (folder_ / "log").string(); }
    std::string written() const { return read_file(path()).value_or("no log was written"); }

  private:
    TemporaryFolder folder_;
};

TEST_F(Log, WritesOneStructuredLineForOneFact) {
    configure_log("info", path());
    log_info("instance started", {{"instance", "i-1"}, {"took_ms", "80"}, {"name", "my web"}});
    EXPECT_THAT(written(),
                MatchesRegex("time=[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{3}Z level=info "
                             "msg=\"instance started\" instance=i-1 took_ms=80 name=\"my web\"\n"));
}

TEST_F(Log, LetsNoValueForgeALineOrAField) {
    configure_log("info", path());
    log_info("a\nlevel=error",
             {{"tag", "x\" admin=yes\r\n\x1b[2J\x7f"}, {"empty", ""}, {"k", "a=b"}});
    const auto line = written();
    EXPECT_THAT(
        line,
        EndsWith(R"(msg="a\nlevel=error" tag="x\" admin=yes\r\n\x1b[2J\x7f" empty="" k="a=b")"
                 "\n"));
    EXPECT_EQ(split(line, '\n').size(), 2u);
}

TEST_F(Log, KeepsTextAndEscapesWhatIsNoText) {
    configure_log("info", path());
    log_info("m", {{"good", "é"}, {"c1", "\xC2\x9B"}, {"bad", "\xFF\x00"s}});
    EXPECT_THAT(written(), EndsWith("good=\"é\" c1=\"\\u009b\" bad=\"\\xff\\x00\"\n"));
}

TEST_F(Log, HoldsBackWhatIsBelowItsLevel) {
    configure_log("warning", path());
    log_debug("one");
    log_info("two");
    log_warning("three");
    log_error("four");
    EXPECT_THAT(written(), Not(HasSubstr("two")));
    EXPECT_THAT(written(), HasSubstr("level=warning msg=\"three\""));
    EXPECT_THAT(written(), HasSubstr("level=error msg=\"four\""));
}

TEST_F(Log, AppendsToWhatIsThere) {
    ASSERT_TRUE(write_file_durably(path(), "before\n"));
    configure_log("debug", path());
    log_debug("after");
    EXPECT_THAT(written(), testing::StartsWith("before\ntime="));
}

} // namespace
} // namespace pileus
