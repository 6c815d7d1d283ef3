// SPDX-License-Identifier: Apache-2.0
// A monitor that misbehaves (attack 37): the test is QEMU's end of the socket.
#include "drivers/hypervisor/qemu/qmp_session.h"
#include "drivers/hypervisor/qemu/watcher.h"

#include <array>
#include <boost/json.hpp>
#include <cstring>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace pileus::drivers {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

class QmpSessionTest : public testing::Test {
  protected:
    QmpSessionTest() : watcher_(seconds{1}, [] {}) {
        int fds[2];
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
        qemu_.reset(fds[1]);
        session_ =
            std::make_shared<QmpSession>(UniqueFd(fds[0]), [this](const QmpMessage& message) {
                const std::lock_guard lock(mutex_);
                events_.push_back(message.name);
            });
        token_ = watcher_
                     .add(session_->fd(),
                          [this] {
                              if (!session_->on_readable())
                                  watcher_.remove(token_, session_->fd());
                          })
                     .value();
    }
    ~QmpSessionTest() override { watcher_.remove(token_, session_->fd()); }

    void say(std::string_view text) {
        ASSERT_EQ(::send(qemu_.get(), text.data(), text.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(text.size()));
    }

    // The next command that arrives.
    std::string hear() {
        std::string line;
        char c;
        while (::recv(qemu_.get(), &c, 1, 0) == 1 && c != '\n')
            line += c;
        return line;
    }

    void greet() {
        say("{\"QMP\": {}}\n");
        EXPECT_THAT(hear(), HasSubstr("qmp_capabilities"));
        say("{\"return\": {}, \"id\": 0}\n");
        ASSERT_TRUE(session_->wait_until_ready(in(seconds{5})));
    }

    static QmpSession::Deadline in(milliseconds time) {
        return std::chrono::steady_clock::now() + time;
    }

    std::vector<std::string> events() {
        const std::lock_guard lock(mutex_);
        return events_;
    }

    std::mutex mutex_;
    std::vector<std::string> events_;
    UniqueFd qemu_;
    std::shared_ptr<QmpSession> session_;
    Watcher::Token token_ = 0;
    Watcher watcher_; // the last: its thread uses the others
};

TEST_F(QmpSessionTest, AnswersAreMatchedInAnyOrderWithEventsBetween) {
    greet();
    Result<boost::json::value> first;
    Result<boost::json::value> second;
    std::thread a([&] { first = session_->execute("a", {}, in(seconds{5})); });
    hear(); // id 1
    std::thread b([&] { second = session_->execute("b", {}, in(seconds{5})); });
    hear(); // id 2
    say("{\"event\": \"STOP\"}\n{\"return\": \"of b\", \"id\": 2}\n{\"event\": \"RES");
    b.join();
    EXPECT_EQ(second.value(), "of b");
    say("UME\"}\n{\"error\": {\"class\": \"GenericError\", \"desc\": \"no\"}, \"id\": 1}\n");
    a.join();
    EXPECT_THAT(first.error().message, HasSubstr("no"));
    EXPECT_THAT(events(), ElementsAre("STOP", "RESUME"));
}

TEST_F(QmpSessionTest, ADescriptorGoesWithItsCommand) {
    greet();
    const UniqueFd given(::dup(0));
    std::thread caller([&] {
        EXPECT_TRUE(
            session_->execute_with_fd("getfd", {{"fdname", "x"}}, given.get(), in(seconds{5})));
    });
    std::array<char, 256> text{};
    iovec vector{text.data(), text.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &vector;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    ASSERT_GT(::recvmsg(qemu_.get(), &message, MSG_CMSG_CLOEXEC), 0);
    EXPECT_THAT(text.data(), HasSubstr("getfd"));
    const auto* header = CMSG_FIRSTHDR(&message);
    ASSERT_NE(header, nullptr);
    EXPECT_EQ(header->cmsg_type, SCM_RIGHTS);
    int received = -1;
    std::memcpy(&received, CMSG_DATA(header), sizeof received);
    EXPECT_TRUE(UniqueFd(received));
    say("{\"return\": {}, \"id\": 1}\n");
    caller.join();
}

TEST_F(QmpSessionTest, WhatIsNotThereIsToldFromOtherRefusals) {
    greet();
    std::thread caller([&] {
        EXPECT_EQ(session_->execute("set_link", {}, in(seconds{5})).error().code,
                  errors::not_found);
    });
    hear();
    say("{\"error\": {\"class\": \"DeviceNotFound\", \"desc\": \"no\"}, \"id\": 1}\n");
    caller.join();
}

TEST_F(QmpSessionTest, NoGreetingIsATimeout) {
    const auto result = session_->execute("query-status", {}, in(milliseconds{50}));
    EXPECT_EQ(result.error().code, errors::timeout);
}

TEST_F(QmpSessionTest, HalfAnAnswerIsATimeoutAndTheRestIsIgnored) {
    greet();
    say("{\"return\": {\"status\":");
    const auto result = session_->execute("query-status", {}, in(milliseconds{50}));
    EXPECT_EQ(result.error().code, errors::timeout);
    hear();
    say("\"late\"}, \"id\": 1}\n"); // nobody waits for it any more
    std::thread next(
        [&] { EXPECT_EQ(session_->execute("b", {}, in(seconds{5})).value(), "of b"); });
    EXPECT_THAT(hear(), HasSubstr("\"id\":2"));
    say("{\"return\": \"of b\", \"id\": 2}\n");
    next.join();
}

TEST_F(QmpSessionTest, AHangUpWakesEveryWaiter) {
    greet();
    std::thread waiter([&] {
        EXPECT_EQ(session_->execute("a", {}, in(seconds{30})).error().code, errors::unavailable);
    });
    hear();
    qemu_.reset();
    waiter.join();
    EXPECT_FALSE(session_->execute("b", {}, in(seconds{30})));
    EXPECT_FALSE(session_->wait_until_ready(in(seconds{30})));
}

TEST_F(QmpSessionTest, GarbageEndsTheConnection) {
    greet();
    say("this is not QMP\n");
    EXPECT_EQ(session_->execute("a", {}, in(seconds{5})).error().code, errors::unavailable);
}

TEST_F(QmpSessionTest, ALineWithoutEndEndsTheConnection) {
    greet();
    const std::string piece(64 * 1024, 'x');
    // Until the session has had enough and hangs up.
    while (::send(qemu_.get(), piece.data(), piece.size(), MSG_NOSIGNAL) > 0) {
    }
    EXPECT_EQ(session_->execute("a", {}, in(seconds{5})).error().code, errors::unavailable);
}

TEST_F(QmpSessionTest, AMonitorThatDoesNotReadBlocksNobody) {
    greet();
    const auto begin = std::chrono::steady_clock::now();
    int answered = 0;
    for (int i = 0; i < 10'000; ++i)
        session_->post("query-status", {}, [&](const Result<boost::json::value>& result) {
            answered += !result;
        });
    EXPECT_GT(answered, 9'000); // refused at once: too many wait already
    EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds{5});
    session_->close("the end of the test");
    EXPECT_EQ(answered, 10'000); // each was answered exactly once
}

TEST_F(QmpSessionTest, AFloodOfEventsIsTakenIn) {
    greet();
    for (int i = 0; i < 10'000; ++i)
        say("{\"event\": \"X\"}\n");
    std::thread waiter([&] { EXPECT_TRUE(session_->execute("a", {}, in(seconds{20}))); });
    hear();
    say("{\"return\": {}, \"id\": 1}\n");
    waiter.join();
    EXPECT_EQ(events().size(), 10'000u);
}

} // namespace
} // namespace pileus::drivers
