// SPDX-License-Identifier: Apache-2.0
#include "engine/warm_keeping.h"

#include "base/log.h"
#include "engine/warm_templates.h"
#include "store/forks.h"
#include "store/images.h"
#include "store/warm_templates.h"
#include "store/work.h"

#include <algorithm>
#include <set>

namespace pileus::engine {

using domain::WarmTemplate;
using domain::WarmTemplateState;

namespace {

void make_due(store::Transaction& tx, const WarmTemplate& row, Time at) {
    store::work::enqueue(
        tx, std::string(WarmTemplateController::work_kind), row.id, row.host_id, at);
}

} // namespace

void WarmTemplateKeeper::enqueue(store::Transaction& tx, const std::string& host_id, Time at) {
    store::work::enqueue(tx, std::string(work_kind), work_id, host_id, at);
}

Result<Outcome> WarmTemplateKeeper::reconcile(const domain::WorkItem&) {
    PILEUS_TRY(end_those_out_of_place());
    PILEUS_TRY(end_those_too_many());
    PILEUS_TRY(cool_those_over_memory());
    return Outcome::again(clock_.now() + options_.keep_interval);
}

Result<void> WarmTemplateKeeper::end_those_out_of_place() {
    const auto fingerprint = hypervisor_.template_fingerprint();
    return store_.write([&](store::Transaction& tx) -> Result<void> {
        for (const auto& row : store::warm_templates::list_of_host(tx, options_.host_id))
            if (const auto verdict = judge(tx, row, fingerprint))
                end(tx, row, *verdict);
        return {};
    });
}

std::optional<WarmTemplateKeeper::Verdict> WarmTemplateKeeper::judge(
    store::Transaction& tx, const WarmTemplate& row, const std::string& fingerprint) const {
    if (row.state == WarmTemplateState::removing || row.state == WarmTemplateState::stale)
        return std::nullopt;
    const auto removed = [](std::string why) {
        return Verdict{WarmTemplateState::removing, std::move(why)};
    };
    if (options_.mode == WarmMode::off)
        return removed("warm launches are switched off");
    if (options_.mode == WarmMode::per_account && row.account_id.empty())
        return removed("templates are not shared between accounts any more");
    const auto image = store::images::find(tx, row.image_id);
    if (!image || image->state != "available" || image->is_disabled)
        return removed("its image is gone");
    if (row.account_id.empty() && !image->is_public)
        return removed("its image is not public any more");
    const auto now = clock_.now();
    if (now >= row.last_wanted_at + options_.idle_longest)
        return removed("nobody wanted it for long");
    if (row.state == WarmTemplateState::failed && now >= row.state_since + options_.retry_failed)
        return removed("it is tried again when it is wanted again");
    if (row.state == WarmTemplateState::ready && row.fingerprint != fingerprint)
        return Verdict{WarmTemplateState::stale, "the hypervisor is another"};
    if (row.state == WarmTemplateState::ready && row.image_snapshot_id != image->snapshot_id)
        return Verdict{WarmTemplateState::stale, "the image is another"};
    return std::nullopt;
}

void WarmTemplateKeeper::end(store::Transaction& tx, WarmTemplate row, const Verdict& verdict) {
    row.state = verdict.state;
    row.state_since = clock_.now();
    row.message = verdict.why;
    store::warm_templates::update(tx, row);
    make_due(tx, row, clock_.now());
}

std::vector<WarmTemplate> WarmTemplateKeeper::ready_by_age() {
    auto rows = store_.read([&](store::Transaction& tx) {
        return store::warm_templates::list_of_host(tx, options_.host_id);
    });
    std::erase_if(rows, [](const auto& row) { return row.state != WarmTemplateState::ready; });
    std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
        return a.last_wanted_at < b.last_wanted_at;
    });
    return rows;
}

Result<void> WarmTemplateKeeper::end_those_too_many() {
    const auto rows = ready_by_age();
    const auto most = static_cast<size_t>(options_.templates_max);
    if (rows.size() <= most)
        return {};
    return store_.write([&](store::Transaction& tx) -> Result<void> {
        for (size_t i = 0; i < rows.size() - most; ++i)
            if (const auto row = store::warm_templates::find(tx, rows[i].id);
                row && row->state == WarmTemplateState::ready)
                end(tx, *row, {WarmTemplateState::removing, "there are too many"});
        return {};
    });
}

// They stay on disk: the next start reads its memory from there again, which takes it longer once.
Result<void> WarmTemplateKeeper::cool_those_over_memory() {
    auto rows = ready_by_age();
    std::erase_if(rows, [&](const auto& row) { return !uses_.is_at_hand(row.id); });
    int64_t at_hand = 0;
    for (const auto& row : rows)
        at_hand += row.memory_bytes;
    int64_t missing = 0; // of the machine's reserve
    if (options_.room)
        missing = options_.memory_reserve_bytes - options_.room().free_memory_bytes;
    for (const auto& row : rows) {
        const bool is_over = options_.memory_bytes_max > 0 && at_hand > options_.memory_bytes_max;
        if (!is_over && missing <= 0)
            break;
        if (uses_.is_used(row.id))
            continue;
        PILEUS_TRY(hypervisor_.cool_template(row.id));
        uses_.note_cool(row.id);
        at_hand -= row.memory_bytes;
        missing -= row.memory_bytes;
        log_info("the memory of a warm template was given back", {{"template", row.id}});
    }
    return {};
}

Result<void> recover_warm_templates(store::Store& store,
                                    drivers::Hypervisor& hypervisor,
                                    const Clock& clock,
                                    const std::string& host_id) {
    std::set<std::string> known;
    PILEUS_TRY(store.write([&](store::Transaction& tx) -> Result<void> {
        for (auto& row : store::warm_templates::list_of_host(tx, host_id)) {
            known.insert(row.id);
            // The driver has ended its guest: it starts once more, on a new disk.
            if (row.state == WarmTemplateState::booting) {
                row.state = WarmTemplateState::starting;
                row.state_since = clock.now();
                store::warm_templates::update(tx, row);
            }
            make_due(tx, row, clock.now());
        }
        for (const auto& fork : store::forks::list_of_host(tx, host_id))
            known.insert(fork.template_id);
        WarmTemplateKeeper::enqueue(tx, host_id, clock.now());
        return {};
    }));
    PILEUS_ASSIGN(const auto kept, hypervisor.templates());
    for (const auto& each : kept)
        if (!known.contains(each.template_id))
            PILEUS_TRY(hypervisor.remove_template(each.template_id));
    return {};
}

} // namespace pileus::engine
