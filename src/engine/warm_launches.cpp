// SPDX-License-Identifier: Apache-2.0
#include "engine/warm_launches.h"

#include "base/log.h"
#include "domain/ids.h"
#include "engine/guest_identity.h"
#include "engine/warm_templates.h"
#include "store/images.h"
#include "store/snapshots.h"
#include "store/volumes.h"
#include "store/warm_templates.h"
#include "store/work.h"

#include <algorithm>

namespace pileus::engine {

using domain::Instance;
using domain::WarmTemplate;
using domain::WarmTemplateState;

namespace {

std::optional<domain::Volume> root_volume(store::Transaction& tx, const Instance& instance) {
    for (auto& volume : store::volumes::list_of_instance(tx, instance.id))
        if (volume.device == instance.root_device_name)
            return std::move(volume);
    return std::nullopt;
}

// The image of a launch that a template can serve. Of an encrypted image there is none: what its
// guest has read would lie in the template's memory for all to see who can read the disk.
std::optional<domain::Image> servable_image(store::Transaction& tx, const Instance& instance) {
    if (instance.state != domain::InstanceState::pending || instance.start_count != 1)
        return std::nullopt;
    auto image = store::images::find(tx, instance.image_id);
    if (!image || image->guest_agent.empty())
        return std::nullopt;
    const auto root = root_volume(tx, instance);
    const auto snapshot = store::snapshots::find(tx, image->snapshot_id);
    if (!root || root->snapshot_id != image->snapshot_id || (snapshot && snapshot->encrypted))
        return std::nullopt;
    return image;
}

store::warm_templates::Key
key_of(const WarmOptions& options, const Instance& instance, const domain::Image& image) {
    const bool is_shared = options.mode == WarmMode::shared && image.is_public;
    return {options.host_id,
            instance.image_id,
            instance.type,
            is_shared ? std::string() : instance.account_id};
}

template <class Span> int64_t milliseconds(Span duration) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

// Gives a turn back however the start ends.
class Turn {
  public:
    explicit Turn(std::counting_semaphore<>& turns) : turns_(turns) { turns_.acquire(); }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() { turns_.release(); }

  private:
    std::counting_semaphore<>& turns_;
};

} // namespace

Result<std::optional<WarmLaunches::Attempt>> WarmLaunches::begin(const Instance& instance) {
    const auto noted = store_.read(
        [&](store::Transaction& tx) { return store::warm_launches::find(tx, instance.id); });
    if (options_.mode == WarmMode::off && !noted)
        return std::nullopt;
    const auto fingerprint = hypervisor_.template_fingerprint();
    auto attempt =
        store_.read([&](store::Transaction& tx) { return choose(tx, instance, fingerprint); });
    const bool goes_on = noted && attempt && noted->template_id == attempt->from.id;
    if (noted && !goes_on)
        PILEUS_TRY(abandon(instance));
    if (!attempt)
        return std::nullopt;
    const bool is_there = hypervisor_.observe(instance.id).state != drivers::MachineState::absent;
    if (!goes_on && (is_there || attempt->root.state != domain::VolumeState::creating))
        return std::nullopt; // it was on its way to boot when it was interrupted
    // A guest that came so far that it is there is taken over by start_from(). Without one, what is
    // left of the volume may have been written to, or be made of the image.
    if (!is_there)
        PILEUS_TRY(volumes_.remove(attempt->root.id));
    if (!goes_on)
        PILEUS_TRY(store_.write([&](store::Transaction& tx) -> Result<void> {
            store::warm_launches::insert(tx, {instance.id, attempt->from.id, clock_.now()});
            return {};
        }));
    if (auto made = make_root(*attempt); !made) {
        log_warning("an instance boots: its disk could not be made of its warm template's",
                    {{"instance", instance.id}, {"error", made.error().message}});
        PILEUS_TRY(abandon(instance));
        PILEUS_TRY(note_fallback(*attempt));
        return std::nullopt;
    }
    return attempt;
}

std::optional<WarmLaunches::Attempt> WarmLaunches::choose(store::Transaction& tx,
                                                          const Instance& instance,
                                                          const std::string& fingerprint) {
    if (options_.mode == WarmMode::off)
        return std::nullopt;
    const auto image = servable_image(tx, instance);
    if (!image)
        return std::nullopt;
    auto found = store::warm_templates::find(tx, key_of(options_, instance, *image));
    if (!found || found->state != WarmTemplateState::ready || found->fingerprint != fingerprint ||
        found->image_snapshot_id != image->snapshot_id)
        return std::nullopt;
    auto use = uses_.begin(found->id);
    return Attempt{std::move(*found), *root_volume(tx, instance), std::move(use)};
}

Result<void> WarmLaunches::make_root(const Attempt& attempt) {
    return volumes_.create(attempt.root.id,
                           {.size_gib = attempt.root.size_gib,
                            .snapshot_id = attempt.from.snapshot_id,
                            .encrypted = attempt.root.encrypted});
}

Result<bool> WarmLaunches::finish(const Attempt& attempt,
                                  const Instance& instance,
                                  const Result<drivers::MachineSpec>& spec) {
    const auto begun = clock_.monotonic();
    const auto started = spec ? start_from(attempt, instance, *spec) : fail(spec.error());
    if (started) {
        PILEUS_TRY(note_success(attempt, instance, clock_.monotonic() - begun));
        return true;
    }
    log_warning("an instance boots: it could not be started from its warm template",
                {{"instance", instance.id},
                 {"template", attempt.from.id},
                 {"after_ms", std::to_string(milliseconds(clock_.monotonic() - begun))},
                 {"error", started.error().message}});
    PILEUS_TRY(abandon(instance));
    PILEUS_TRY(note_fallback(attempt));
    return false;
}

Result<void> WarmLaunches::start_from(const Attempt& attempt,
                                      const Instance& instance,
                                      const drivers::MachineSpec& spec) {
    const auto identity = store_.read(
        [&](store::Transaction& tx) { return make_guest_identity(tx, instance, random_, mtu_); });
    if (!identity)
        return fail(identity.error());
    const Turn turn(starts_);
    return hypervisor_.start_from(attempt.from.id, spec, *identity);
}

Result<void> WarmLaunches::note_success(const Attempt& attempt,
                                        const Instance& instance,
                                        std::chrono::nanoseconds took) {
    return store_.write([&](store::Transaction& tx) -> Result<void> {
        store::warm_launches::erase(tx, instance.id);
        if (auto root = store::volumes::find(tx, attempt.root.id);
            root && root->state == domain::VolumeState::creating) {
            root->state = domain::VolumeState::in_use;
            store::volumes::update(tx, *root);
        }
        if (auto row = store::warm_templates::find(tx, attempt.from.id)) {
            row->hits += 1;
            row->saved_milliseconds +=
                std::max<int64_t>(0, row->boot_milliseconds - milliseconds(took));
            row->last_wanted_at = clock_.now();
            store::warm_templates::update(tx, *row);
        }
        return {};
    });
}

Result<void> WarmLaunches::note_fallback(const Attempt& attempt) {
    return store_.write([&](store::Transaction& tx) -> Result<void> {
        auto row = store::warm_templates::find(tx, attempt.from.id);
        if (!row)
            return {};
        row->fallbacks += 1;
        row->last_wanted_at = clock_.now();
        store::warm_templates::update(tx, *row);
        return {};
    });
}

bool WarmLaunches::is_under_way(const std::string& instance_id) {
    return store_.read([&](store::Transaction& tx) {
        return store::warm_launches::find(tx, instance_id).has_value();
    });
}

Result<void> WarmLaunches::abandon(const Instance& instance) {
    if (!is_under_way(instance.id))
        return {};
    PILEUS_TRY(hypervisor_.destroy(instance.id));
    const auto root =
        store_.read([&](store::Transaction& tx) { return root_volume(tx, instance); });
    if (root)
        PILEUS_TRY(volumes_.remove(root->id));
    return store_.write([&](store::Transaction& tx) -> Result<void> {
        store::warm_launches::erase(tx, instance.id);
        if (auto row = root_volume(tx, instance);
            row && row->state == domain::VolumeState::in_use) {
            row->state = domain::VolumeState::creating;
            store::volumes::update(tx, *row);
        }
        return {};
    });
}

void WarmLaunches::note_boot(store::Transaction& tx, const Instance& instance) {
    if (options_.mode == WarmMode::off)
        return;
    auto launch = instance;
    launch.state = domain::InstanceState::pending; // as it was when it began
    const auto image = servable_image(tx, launch);
    if (!image)
        return;
    const auto key = key_of(options_, instance, *image);
    if (auto row = store::warm_templates::find(tx, key)) {
        row->last_wanted_at = clock_.now();
        store::warm_templates::update(tx, *row);
        return;
    }
    WarmTemplate row;
    row.id = domain::new_id(random_, domain::prefix::warm_template);
    row.host_id = key.host_id;
    row.image_id = key.image_id;
    row.instance_type = key.instance_type;
    row.account_id = key.account_id;
    row.created_at = clock_.now();
    row.state_since = row.created_at;
    row.last_wanted_at = row.created_at;
    store::warm_templates::insert(tx, row);
    store::work::enqueue(
        tx, std::string(WarmTemplateController::work_kind), row.id, options_.host_id, clock_.now());
}

} // namespace pileus::engine
