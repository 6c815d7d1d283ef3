// SPDX-License-Identifier: Apache-2.0
// The driver in a process of its own that is killed anywhere. What it had said to be done is there
// afterwards, what it had not finished is there or not there as a whole, and nothing is left over.
#include "base/random.h"
#include "qcow2_fixture.h"

#include <csignal>
#include <map>
#include <set>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace pileus::drivers {
namespace {

enum class Verb {
    create,
    remove,
    begin,
    complete,
    cancel,
    remove_snapshot,
    copy,
    grow,
    merge,
    count
};

struct Step {
    Verb verb = Verb::create;
    int first = 0;  // which volume, or which snapshot
    int second = 0; // which snapshot
    bool done = false;
};

constexpr int ids = 4;

std::string volume_id(int i) {
    return fmt::format("vol-{:017x}", i);
}

std::string snapshot_id(int i) {
    return fmt::format("snap-{:017x}", i);
}

Result<void> apply(Qcow2Volumes& volumes, const Step& step, Random& random) {
    const auto volume = volume_id(step.first);
    const auto snapshot = snapshot_id(step.second);
    switch (step.verb) {
    case Verb::create: {
        const bool on = volumes.has_snapshot(snapshot);
        return volumes.create(volume,
                              VolumeSpec{1000, on ? snapshot : "", random.next_u64() % 4 == 0});
    }
    case Verb::remove:
        return volumes.remove(volume);
    case Verb::begin: {
        const auto begun = volumes.begin_snapshot(volume, snapshot);
        return begun ? Result<void>() : fail(begun.error());
    }
    case Verb::complete:
        return volumes.complete_snapshot(volume, snapshot);
    case Verb::cancel:
        return volumes.cancel_snapshot(volume, snapshot);
    case Verb::remove_snapshot:
        return volumes.remove_snapshot(snapshot);
    case Verb::copy:
        return volumes.copy_snapshot(
            snapshot, snapshot_id(step.first), random.next_u64() % 2 == 0, go_on);
    case Verb::grow:
        return volumes.grow(volume, static_cast<int64_t>(1000 + random.next_u64() % 1000));
    case Verb::merge: {
        const auto merged = volumes.merge_layers();
        return merged ? Result<void>() : fail(merged.error());
    }
    case Verb::count:
        break;
    }
    return {};
}

// What must be, as far as the reports of the killed process say. An id in neither set may be either
// way: the last step on it was not reported to be done, or it failed.
struct Known {
    std::set<std::string> there;
    std::set<std::string> gone;

    void is_there(const std::string& id) {
        there.insert(id);
        gone.erase(id);
    }
    void is_gone(const std::string& id) {
        gone.insert(id);
        there.erase(id);
    }
    void is_unknown(const std::string& id) {
        there.erase(id);
        gone.erase(id);
    }

    void take(const Step& step) {
        const auto volume = volume_id(step.first);
        const auto snapshot = snapshot_id(step.second);
        switch (step.verb) {
        case Verb::create:
            return step.done ? is_there(volume) : is_unknown(volume);
        case Verb::remove: // and it completes a snapshot that is being taken
            for (int i = 0; i < ids; ++i)
                if (gone.contains(snapshot_id(i)))
                    is_unknown(snapshot_id(i));
            return step.done ? is_gone(volume) : is_unknown(volume);
        case Verb::complete:
        case Verb::copy:
            return step.done ? is_there(snapshot) : is_unknown(snapshot);
        case Verb::remove_snapshot:
            return step.done ? is_gone(snapshot) : is_unknown(snapshot);
        default:
            return;
        }
    }
};

class Qcow2CrashTest : public Qcow2Fixture {
  protected:
    // Works until it is killed; says each step before it and after it.
    [[noreturn]] void work(int report, uint64_t seed) {
        SystemProcessRunner runner;
        SystemRandom random;
        SeededRandom choice(seed);
        Qcow2Volumes volumes(qcow2_options(state()), runner, random);
        if (!volumes.recover())
            ::_exit(1);
        while (true) {
            Step step;
            step.verb = static_cast<Verb>(choice.next_u64() % static_cast<int>(Verb::count));
            step.first = static_cast<int>(choice.next_u64() % ids);
            step.second = static_cast<int>(choice.next_u64() % ids);
            say(report, step);
            const auto done = apply(volumes, step, choice);
            step.done = done.has_value();
            // What was refused changed nothing, and need not be told.
            if (done)
                say(report, step);
        }
    }

    static void say(int report, const Step& step) {
        if (::write(report, &step, sizeof step) != sizeof step)
            ::_exit(1);
    }

    // Runs it for a while, kills it, and returns what it said.
    std::vector<Step> run_and_kill(uint64_t seed, std::chrono::microseconds time) {
        int report[2];
        EXPECT_EQ(::pipe(report), 0);
        const pid_t child = ::fork();
        if (child == 0) {
            ::close(report[0]);
            work(report[1], seed);
        }
        ::close(report[1]);
        Step first; // the time counts from the first step on
        std::vector<Step> steps;
        if (::read(report[0], &first, sizeof first) == sizeof first)
            steps.push_back(first);
        // A pipe that is full would stop the child, so it is read meanwhile.
        std::thread killer([&] {
            std::this_thread::sleep_for(time);
            ::kill(child, SIGKILL);
        });
        Step step;
        while (::read(report[0], &step, sizeof step) == sizeof step)
            steps.push_back(step);
        killer.join();
        ::close(report[0]);
        int status = 0;
        ::waitpid(child, &status, 0);
        EXPECT_TRUE(WIFSIGNALED(status)) << "the driver could not recover";
        return steps;
    }

    void expect_known(const Known& known) {
        std::set<std::string> there;
        const auto volumes = volumes_->observe();
        const auto snapshots = volumes_->observe_snapshots();
        for (const auto& each : *volumes)
            there.insert(each.id);
        for (const auto& each : *snapshots)
            there.insert(each.id);
        for (const auto& id : known.there)
            EXPECT_TRUE(there.contains(id)) << id << " is lost";
        for (const auto& id : known.gone)
            EXPECT_FALSE(there.contains(id)) << id << " came back";
    }

    void expect_whole() {
        check_all();
        const auto volumes = volumes_->observe();
        for (const auto& each : *volumes) {
            if (volumes_->pending_switch(each.id))
                continue;
            const auto chain = volumes_->open(each.id);
            ASSERT_TRUE(chain) << chain.error().message;
            for (const auto& layer : chain->layers)
                EXPECT_TRUE(std::filesystem::exists(layer.path)) << layer.path;
        }
    }
};

TEST_F(Qcow2CrashTest, KilledAnywhereItLosesNothingAndLeavesNothing) {
    SeededRandom random(20261123);
    Known known;
    size_t steps_seen = 0;
    constexpr int rounds = 60;
    for (int round = 0; round < rounds && !HasFailure(); ++round) {
        const auto time = std::chrono::microseconds{random.next_u64() % 60'000};
        const auto steps = run_and_kill(random.next_u64(), time);
        steps_seen += steps.size();
        // A step that was begun and not reported may have gone either way.
        for (size_t i = 0; i < steps.size(); ++i)
            if (steps[i].done || i + 1 == steps.size())
                known.take(steps[i]);
        SCOPED_TRACE(round);
        restart();
        expect_known(known);
        expect_whole();
    }
    EXPECT_GT(steps_seen, 1000u);
    // And all of it can be taken away.
    for (int i = 0; i < ids; ++i)
        EXPECT_TRUE(volumes_->remove(volume_id(i)));
    for (int i = 0; i < ids; ++i)
        EXPECT_TRUE(volumes_->remove_snapshot(snapshot_id(i)));
    EXPECT_EQ(count_files(".qcow2"), 0u);
    EXPECT_EQ(count_files(".json"), 0u);
}

// The process that copies dies with the driver.
TEST_F(Qcow2CrashTest, NoCopyOutlivesTheDriver) {
    run({"qemu-img", "create", "-q", "-f", "raw", image("disk"), "1G"});
    run({"qemu-io", "-f", "raw", "-c", "write -P 0x5a 0 64M", image("disk")});
    const pid_t child = ::fork();
    if (child == 0) {
        SystemProcessRunner runner;
        SystemRandom random;
        Qcow2Volumes volumes(qcow2_options(state()), runner, random);
        (void)volumes.recover();
        (void)volumes.import_foreign(snapshot, {image("disk"), "raw"}, true, [](int) {
            ::raise(SIGKILL); // the copy is under way
            return true;
        });
        ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status));
    const auto uid = std::to_string(qcow2_options(state()).copy.first_uid);
    std::string left = "some";
    for (int i = 0; i < 100 && !left.empty(); ++i) {
        ProcessSpec spec;
        spec.argv = {"pgrep", "-U", uid};
        left = runner_.run(spec)->out;
        if (!left.empty())
            std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
    EXPECT_EQ(left, "");
    restart();
    EXPECT_FALSE(volumes_->has_snapshot(snapshot));
    EXPECT_EQ(count_files(".qcow2"), 0u);
    check_all();
}

} // namespace
} // namespace pileus::drivers
