// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "base/process.h"
#include "base/temporary_folder.h"
#include "base/text.h"

#include <atomic>
#include <csignal>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <thread>

namespace pileus {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

ProcessSpec shell(std::string script) {
    return {.argv = {"sh", "-c", std::move(script)}};
}

class Processes : public testing::Test {
  protected:
    ProcessOutput run(const ProcessSpec& spec) {
        auto output = runner_.run(spec);
        EXPECT_TRUE(output) << output.error().message;
        return output.value_or(ProcessOutput{-1, "", ""});
    }

    SystemProcessRunner runner_;
};

void reap(pid_t pid) {
    int status = 0;
    ::waitpid(pid, &status, 0);
}

TEST_F(Processes, GiveBackCodeAndBothOutputs) {
    const auto output = run(shell("echo out; echo err >&2; exit 3"));
    EXPECT_EQ(output.exit_code, 3);
    EXPECT_EQ(output.out, "out\n");
    EXPECT_EQ(output.err, "err\n");
}

TEST_F(Processes, ReadTheirInputToTheEnd) {
    auto spec = shell("wc -c");
    spec.stdin_text = std::string(3'000'000, 'x');
    EXPECT_EQ(run(spec).out, "3000000\n");
    EXPECT_EQ(run(shell("wc -c")).out, "0\n");
}

TEST_F(Processes, AreKilledWhenTheirCallerNoLongerWantsThem) {
    auto spec = shell("sleep 60");
    spec.keep_going = [] { return false; };
    const auto began = std::chrono::steady_clock::now();
    const auto output = runner_.run(spec);
    ASSERT_FALSE(output);
    EXPECT_THAT(output.error().message, HasSubstr("stopped"));
    EXPECT_LT(std::chrono::steady_clock::now() - began, 30s);
}

TEST_F(Processes, MayLeaveTheirInputUnread) {
    auto spec = shell("exit 0");
    spec.stdin_text = std::string(3'000'000, 'x');
    EXPECT_EQ(run(spec).exit_code, 0);
}

TEST_F(Processes, MayWriteALotToBothOutputs) {
    const auto output = run(shell("head -c 5000000 /dev/zero; head -c 5000000 /dev/zero >&2"));
    EXPECT_EQ(output.out.size(), 5'000'000u);
    EXPECT_EQ(output.err.size(), 5'000'000u);
}

TEST_F(Processes, AreStoppedWhenTheyWriteWithoutEnd) {
    const auto output = runner_.run(shell("cat /dev/zero"));
    ASSERT_FALSE(output);
    EXPECT_THAT(output.error().message, HasSubstr("16777216"));
}

TEST_F(Processes, ReportTheSignalThatEndedThem) {
    EXPECT_EQ(run(shell("kill -TERM $$")).exit_code, 128 + SIGTERM);
}

TEST_F(Processes, AreKilledWithTheirChildrenWhenTimeIsUp) {
    ProcessSpec spec = shell("");
    const TemporaryFolder folder;
    spec.argv[2] = "sleep 1000 & echo $! > " + (folder / "pid").string() + "; wait";
    spec.timeout = 300ms;
    const auto output = runner_.run(spec);
    ASSERT_FALSE(output);
    EXPECT_EQ(output.error().code, errors::timeout);
    EXPECT_THAT(output.error().message, HasSubstr("0.3 s"));
    const auto grandchild = parse_int(trim(*read_file(folder / "pid")));
    ASSERT_TRUE(grandchild);
    for (int i = 0; i < 100 && identify_process(static_cast<pid_t>(*grandchild)); ++i) {
        const auto stat = read_file("/proc/" + std::to_string(*grandchild) + "/stat");
        if (stat && stat->find(") Z") != std::string::npos)
            break; // killed; whoever inherited it has not reaped it yet
        std::this_thread::sleep_for(10ms);
    }
    const auto left = read_file("/proc/" + std::to_string(*grandchild) + "/stat");
    EXPECT_TRUE(!left || left->find(") Z") != std::string::npos);
}

TEST_F(Processes, AreNotWaitedForLongerThanTheyLive) {
    const auto start = std::chrono::steady_clock::now();
    const auto output = run(shell("sleep 5 & echo $!")); // the sleeper holds the pipes open
    EXPECT_LT(std::chrono::steady_clock::now() - start, 3s);
    ::kill(static_cast<pid_t>(parse_int(trim(output.out)).value()), SIGKILL);
}

TEST_F(Processes, ThatAreMissingAreAnError) {
    const TemporaryFolder folder;
    ASSERT_TRUE(write_file_durably(folder / "text", "not a program", 0644));
    const std::string text = folder / "text";
    for (const std::string& name :
         std::vector<std::string>{"no-such-program-of-pileus", "/nowhere/program", "/", text}) {
        const auto output = runner_.run({.argv = {name}});
        ASSERT_FALSE(output) << name;
        EXPECT_EQ(output.error().code, errors::not_found) << output.error().message;
        EXPECT_THAT(output.error().message, HasSubstr(name));
    }
    EXPECT_FALSE(runner_.run({}));
}

TEST_F(Processes, ThatTheKernelRefusesAreAnErrorAndLeaveNoZombie) {
    const TemporaryFolder folder;
    ASSERT_TRUE(write_file_durably(folder / "broken", "\x7f not a program", 0755));
    const auto output = runner_.run({.argv = {(folder / "broken").string()}});
    ASSERT_FALSE(output);
    EXPECT_THAT(output.error().message, HasSubstr("cannot run"));
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
    EXPECT_EQ(errno, ECHILD);
}

TEST_F(Processes, TakeArgumentsAsTheyAre) {
    const auto output = run({.argv = {"printf", "%s|", "a b", "$(id)", "", "--x=\n\"'"}});
    EXPECT_EQ(output.out, "a b|$(id)||--x=\n\"'|");
    EXPECT_EQ(runner_.run({.argv = {"echo", std::string("a\0b", 3)}}).error().code,
              errors::invalid);
}

TEST_F(Processes, GetTheCallersEnvironmentAndWhatIsSet) {
    auto spec = shell("echo $PILEUS_TEST_VALUE; echo $HOME");
    spec.set_env = {{"PILEUS_TEST_VALUE", "a=b"}, {"HOME", "/elsewhere"}};
    EXPECT_EQ(run(spec).out, "a=b\n/elsewhere\n");
}

TEST_F(Processes, GetOnlyTheDescriptorsNamed) {
    const UniqueFd stray(::fcntl(STDERR_FILENO, F_DUPFD, 20)); // without O_CLOEXEC, on purpose
    const UniqueFd given(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const auto is_open = [&](int fd) {
        ProcessSpec spec{.argv = {"readlink", "/proc/self/fd/" + std::to_string(fd)}};
        spec.fds = {{given.get(), 9}, {given.get(), 12}};
        return run(spec).exit_code == 0;
    };
    for (const int fd : {0, 1, 2, 9, 12})
        EXPECT_TRUE(is_open(fd)) << fd;
    for (const int fd : {4, 5, 6, 7, 8, 10, 11, 13, 14, stray.get()})
        EXPECT_FALSE(is_open(fd)) << fd;
}

TEST_F(Processes, GetSwappedDescriptorsRight) {
    const TemporaryFolder folder;
    ASSERT_TRUE(write_file_durably(folder / "a", "A"));
    ASSERT_TRUE(write_file_durably(folder / "b", "B"));
    const UniqueFd a(::open((folder / "a").c_str(), O_RDONLY | O_CLOEXEC));
    const UniqueFd b(::open((folder / "b").c_str(), O_RDONLY | O_CLOEXEC));
    auto spec = ProcessSpec{.argv = {"bash", "-c", ""}};
    spec.argv[2] = "cat <&" + std::to_string(a.get()) + " <&" + std::to_string(a.get()) +
                   "; cat <&" + std::to_string(b.get());
    spec.fds = {{a.get(), b.get()}, {b.get(), a.get()}};
    EXPECT_EQ(run(spec).out, "BA");
    spec.fds = {{a.get(), 5}, {b.get(), 5}};
    EXPECT_FALSE(runner_.run(spec));
    spec.fds = {{a.get(), 1}};
    EXPECT_FALSE(runner_.run(spec));
}

TEST_F(Processes, StartWithDefaultSignals) {
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    struct sigaction before {};
    ::sigaction(SIGUSR1, &ignore, &before);
    sigset_t blocked, mask_before;
    ::sigemptyset(&blocked);
    ::sigaddset(&blocked, SIGUSR2);
    ::pthread_sigmask(SIG_BLOCK, &blocked, &mask_before);
    const auto status = run({.argv = {"grep", "-E", "^Sig(Blk|Ign):", "/proc/self/status"}}).out;
    sigset_t mask_after;
    ::pthread_sigmask(SIG_SETMASK, &mask_before, &mask_after);
    ::sigaction(SIGUSR1, &before, nullptr);
    EXPECT_EQ(status, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
    EXPECT_TRUE(::sigismember(&mask_after, SIGUSR2)); // and the caller keeps its own
}

TEST_F(Processes, RunFromManyThreadsAtOnce) {
    std::vector<std::thread> threads;
    std::atomic<int> right = 0;
    for (int i = 0; i < 8; ++i)
        threads.emplace_back([&, i] {
            for (int k = 0; k < 20; ++k) {
                const auto text = std::to_string(i * 100 + k);
                const auto output = runner_.run({.argv = {"cat"}, .stdin_text = text});
                right += output && output->out == text;
            }
        });
    for (auto& thread : threads)
        thread.join();
    EXPECT_EQ(right, 160);
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1); // no zombie is left
}

TEST_F(Processes, ThatAreSpawnedLiveInASessionOfTheirOwnAndWriteToTheirFile) {
    const TemporaryFolder folder;
    ASSERT_TRUE(write_file_durably(folder / "log", "before\n"));
    auto spec = shell("echo out; echo err >&2; exec sleep 1000");
    spec.output_path = (folder / "log").string();
    const auto pid = runner_.spawn(spec);
    ASSERT_TRUE(pid) << pid.error().message;
    EXPECT_EQ(::getsid(*pid), *pid);
    for (int i = 0; i < 200 && read_file(folder / "log")->size() < 15; ++i)
        std::this_thread::sleep_for(10ms);
    EXPECT_EQ(read_file(folder / "log"), "before\nout\nerr\n");
    ::kill(*pid, SIGKILL);
    reap(*pid);
}

TEST_F(Processes, AreRecognisedUntilTheyEnd) {
    const auto pid = runner_.spawn({.argv = {"sleep", "1000"}});
    ASSERT_TRUE(pid);
    const auto identity = identify_process(*pid);
    ASSERT_TRUE(identity) << identity.error().message;
    EXPECT_EQ(identity->pid, *pid);
    EXPECT_EQ(identity->boot_id.size(), 36u);
    EXPECT_TRUE(is_alive(*identity));

    auto reused = *identity;
    ++reused.start_ticks;
    EXPECT_FALSE(is_alive(reused));
    auto other_boot = *identity;
    other_boot.boot_id = "00000000-0000-0000-0000-000000000000";
    EXPECT_FALSE(is_alive(other_boot));

    ::kill(*pid, SIGKILL);
    siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(*pid), &info, WEXITED | WNOWAIT);
    EXPECT_FALSE(is_alive(*identity)) << "a zombie is not alive";
    reap(*pid);
    EXPECT_FALSE(is_alive(*identity));
    EXPECT_FALSE(identify_process(*pid));
}

TEST_F(Processes, AreRecognisedUnderAnyName) {
    const TemporaryFolder folder;
    const auto program = folder / "a) R (b";
    std::filesystem::copy_file("/bin/sleep", program);
    const auto pid = runner_.spawn({.argv = {program.string(), "1000"}});
    ASSERT_TRUE(pid) << pid.error().message;
    const auto odd = identify_process(*pid);
    const auto own = identify_process(::getpid());
    ::kill(*pid, SIGKILL);
    reap(*pid);
    ASSERT_TRUE(odd && own);
    EXPECT_GE(odd->start_ticks, own->start_ticks);
}

TEST_F(Processes, CheckedRunsTurnAFailureIntoItsLastWords) {
    EXPECT_EQ(run_checked(runner_, shell("echo fine")), "fine\n");
    const auto failed = run_checked(runner_, shell("echo no space >&2; exit 4"));
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().message, "sh failed with exit code 4: no space");
}

} // namespace
} // namespace pileus
