// SPDX-License-Identifier: Apache-2.0
#pragma once

// Drivers that die on command: before or after any of their calls, as a daemon that is killed
// there. For tests only. CrashPoints counts the calls; crash_at() chooses one.

#include "drivers/hypervisor/hypervisor.h"
#include "drivers/volumes/volumes.h"

#include <optional>

namespace pileus::engine {

struct Crash {}; // not a std::exception: nobody but the test catches it

class CrashPoints {
  public:
    // Two points a call: before it and after it.
    void crash_at(int point) { left_ = point; }
    void disarm() { left_.reset(); }
    bool is_armed() const { return left_.has_value(); }

    template <class Call> auto pass(Call call) {
        step();
        auto result = call();
        step();
        return result;
    }

  private:
    void step() {
        if (left_ && (*left_)-- == 0) {
            left_.reset();
            throw Crash{};
        }
    }
    std::optional<int> left_;
};

class CrashingVolumes final : public drivers::Volumes {
  public:
    CrashingVolumes(drivers::Volumes& inner, CrashPoints& points)
        : inner_(inner), points_(points) {}

    Result<void> recover() override { return inner_.recover(); }
    Result<void> import_snapshot(const std::string& id, const std::string& path) override {
        return points_.pass([&] { return inner_.import_snapshot(id, path); });
    }
    Result<void> import_foreign(const std::string& id,
                                const drivers::DiskImport& source,
                                bool encrypted,
                                const drivers::Progress& progress) override {
        return points_.pass([&] { return inner_.import_foreign(id, source, encrypted, progress); });
    }
    Result<void> export_snapshot(const std::string& id,
                                 const std::string& path,
                                 const std::string& format,
                                 const drivers::Progress& progress) override {
        return points_.pass([&] { return inner_.export_snapshot(id, path, format, progress); });
    }
    Result<void> create(const std::string& id, const drivers::VolumeSpec& spec) override {
        return points_.pass([&] { return inner_.create(id, spec); });
    }
    Result<drivers::DiskChain> open(const std::string& id) override { return inner_.open(id); }
    Result<void> grow(const std::string& id, int64_t size_gib) override {
        return points_.pass([&] { return inner_.grow(id, size_gib); });
    }
    Result<void> remove(const std::string& id) override {
        return points_.pass([&] { return inner_.remove(id); });
    }
    Result<drivers::LayerSwitch> begin_snapshot(const std::string& id,
                                                const std::string& snapshot_id) override {
        return points_.pass([&] { return inner_.begin_snapshot(id, snapshot_id); });
    }
    Result<void> complete_snapshot(const std::string& id, const std::string& snapshot_id) override {
        return points_.pass([&] { return inner_.complete_snapshot(id, snapshot_id); });
    }
    Result<void> cancel_snapshot(const std::string& id, const std::string& snapshot_id) override {
        return points_.pass([&] { return inner_.cancel_snapshot(id, snapshot_id); });
    }
    std::optional<drivers::LayerSwitch> pending_switch(const std::string& id) override {
        return inner_.pending_switch(id);
    }
    Result<void> copy_snapshot(const std::string& id,
                               const std::string& from,
                               bool encrypted,
                               const drivers::Progress& progress) override {
        return points_.pass([&] { return inner_.copy_snapshot(id, from, encrypted, progress); });
    }
    bool has_snapshot(const std::string& id) override { return inner_.has_snapshot(id); }
    Result<void> remove_snapshot(const std::string& id) override {
        return points_.pass([&] { return inner_.remove_snapshot(id); });
    }
    Result<std::vector<std::string>> merge_layers() override {
        return points_.pass([&] { return inner_.merge_layers(); });
    }
    Result<std::vector<drivers::VolumeObservation>> observe() override { return inner_.observe(); }
    Result<drivers::SnapshotObservation> observe_snapshot(const std::string& id) override {
        return inner_.observe_snapshot(id);
    }
    Result<std::vector<drivers::SnapshotObservation>> observe_snapshots() override {
        return inner_.observe_snapshots();
    }
    Result<std::vector<std::string>> check() override { return inner_.check(); }
    // Until they have gone from the contract.
    Result<void> create(const std::string&, int64_t) { return fail(errors::internal, "old"); }
    Result<void> clone(const std::string&, const std::string&, int64_t) {
        return fail(errors::internal, "old");
    }

  private:
    drivers::Volumes& inner_;
    CrashPoints& points_;
};

class CrashingHypervisor final : public drivers::Hypervisor {
  public:
    CrashingHypervisor(drivers::Hypervisor& inner, CrashPoints& points)
        : inner_(inner), points_(points) {}

    drivers::Acceleration probe() override { return inner_.probe(); }
    Result<std::vector<std::string>> recover() override { return inner_.recover(); }
    Result<void> start(const drivers::MachineSpec& spec) override {
        return points_.pass([&] { return inner_.start(spec); });
    }
    Result<void> power_button(const std::string& id) override {
        return points_.pass([&] { return inner_.power_button(id); });
    }
    Result<void> reset(const std::string& id) override {
        return points_.pass([&] { return inner_.reset(id); });
    }
    Result<void> attach_interface(const std::string& id,
                                  const drivers::MachineInterface& interface) override {
        return points_.pass([&] { return inner_.attach_interface(id, interface); });
    }
    Result<void>
    detach_interface(const std::string& id, const std::string& interface, bool force) override {
        return points_.pass([&] { return inner_.detach_interface(id, interface, force); });
    }
    Result<std::vector<std::string>> plugged_interfaces(const std::string& id) override {
        return inner_.plugged_interfaces(id);
    }
    Result<void> attach_disk(const std::string& id, const drivers::MachineDisk& disk) override {
        return points_.pass([&] { return inner_.attach_disk(id, disk); });
    }
    Result<void>
    detach_disk(const std::string& id, const std::string& volume_id, bool force) override {
        return points_.pass([&] { return inner_.detach_disk(id, volume_id, force); });
    }
    Result<std::vector<std::string>> plugged_disks(const std::string& id) override {
        return inner_.plugged_disks(id);
    }
    Result<void>
    resize_disk(const std::string& id, const std::string& volume_id, int64_t size_gib) override {
        return points_.pass([&] { return inner_.resize_disk(id, volume_id, size_gib); });
    }
    Result<void> limit_disk(const std::string& id,
                            const std::string& volume_id,
                            const drivers::DiskLimits& limits) override {
        return points_.pass([&] { return inner_.limit_disk(id, volume_id, limits); });
    }
    Result<void> switch_layers(const std::string& id,
                               const std::vector<drivers::LayerSwitch>& switches) override {
        return points_.pass([&] { return inner_.switch_layers(id, switches); });
    }
    Result<bool> writes_to(const std::string& id,
                           const std::string& volume_id,
                           const std::string& path) override {
        return inner_.writes_to(id, volume_id, path);
    }
    Result<void> replace_backing(const std::string& id, const drivers::DiskChain& chain) override {
        return points_.pass([&] { return inner_.replace_backing(id, chain); });
    }
    Result<void> resume(const std::string& id) override {
        return points_.pass([&] { return inner_.resume(id); });
    }
    std::string template_fingerprint() override { return inner_.template_fingerprint(); }
    Result<bool> is_ready_to_freeze(const std::string& id) override {
        return inner_.is_ready_to_freeze(id);
    }
    Result<drivers::FrozenGuest> freeze(const std::string& id,
                                        const std::string& template_id) override {
        return points_.pass([&] { return inner_.freeze(id, template_id); });
    }
    Result<void> start_from(const std::string& template_id,
                            const drivers::MachineSpec& spec,
                            const drivers::GuestIdentity& identity) override {
        return points_.pass([&] { return inner_.start_from(template_id, spec, identity); });
    }
    Result<std::vector<drivers::FrozenGuest>> templates() override { return inner_.templates(); }
    Result<void> remove_template(const std::string& template_id) override {
        return points_.pass([&] { return inner_.remove_template(template_id); });
    }
    Result<void> cool_template(const std::string& template_id) override {
        return points_.pass([&] { return inner_.cool_template(template_id); });
    }
    std::string current_hardware() override { return inner_.current_hardware(); }
    Result<void> forget_memory(const std::string& id) override {
        return points_.pass([&] { return inner_.forget_memory(id); });
    }
    Result<void> hibernate(const std::string& id) override {
        return points_.pass([&] { return inner_.hibernate(id); });
    }
    Result<void> wake(const drivers::MachineSpec& spec) override {
        return points_.pass([&] { return inner_.wake(spec); });
    }
    Result<drivers::FrozenGuest>
    copy_running(const std::string& id,
                 const std::string& template_id,
                 const std::vector<drivers::LayerSwitch>& switches) override {
        return points_.pass([&] { return inner_.copy_running(id, template_id, switches); });
    }
    Result<void> destroy(const std::string& id) override {
        return points_.pass([&] { return inner_.destroy(id); });
    }
    Result<void> forget(const std::string& id) override {
        return points_.pass([&] { return inner_.forget(id); });
    }
    drivers::MachineObservation observe(const std::string& id) override {
        return inner_.observe(id);
    }
    Result<std::string> console_output(const std::string& id, size_t limit) override {
        return inner_.console_output(id, limit);
    }
    Result<std::string> screenshot(const std::string& id, bool wake_up) override {
        return inner_.screenshot(id, wake_up);
    }
    void on_change(std::function<void(const std::string& id)> callback) override {
        inner_.on_change(std::move(callback));
    }

  private:
    drivers::Hypervisor& inner_;
    CrashPoints& points_;
};

} // namespace pileus::engine
