// SPDX-License-Identifier: Apache-2.0
#pragma once

// DiskFixture with an image whose guests have our agent. For tests only.

#include "engine/disk_fixture.h"
#include "store/warm_templates.h"

namespace pileus::engine {

class WarmFixture : public DiskFixture {
  protected:
    WarmFixture() {
        write([&](store::Transaction& tx) {
            domain::Image image;
            image.id = agent_image_id;
            image.account_id = account;
            image.region = region;
            image.name = "shipped";
            image.is_public = true;
            image.snapshot_id = base_id;
            image.size_gib = 8;
            image.guest_agent = "1";
            store::images::insert(tx, image);
        });
    }

    // RunInstances of that image.
    void launch_of_image(const std::string& id) {
        launch(id);
        change(id, [&](domain::Instance& i) { i.image_id = agent_image_id; });
    }
    void change_image(const std::function<void(domain::Image&)>& change_row) {
        write([&](store::Transaction& tx) {
            auto row = *store::images::find(tx, agent_image_id);
            change_row(row);
            store::images::update(tx, row);
        });
    }
    // The first launch, and what follows from it.
    void make_template() {
        launch_of_image(first_id);
        settle_templates();
    }
    void settle_templates() {
        run_until_quiet();
        for (int i = 0; i < 12; ++i)
            pass(std::chrono::milliseconds{300});
    }
    std::vector<domain::WarmTemplate> templates() {
        return store_->read([&](store::Transaction& tx) {
            return store::warm_templates::list_of_host(tx, host_id);
        });
    }
    domain::WarmTemplate only_template() {
        const auto all = templates();
        EXPECT_EQ(all.size(), 1u);
        return all.empty() ? domain::WarmTemplate{} : all.front();
    }
    bool is_launch_noted(const std::string& id) {
        return store_->read(
            [&](store::Transaction& tx) { return store::warm_launches::find(tx, id).has_value(); });
    }
    bool is_warm(const std::string& id) { return hypervisor_.identity(id).has_value(); }
    // What the guest writes to stands on this snapshot's layer.
    size_t depth(const std::string& volume_id) { return volumes_.open(volume_id)->layers.size(); }
    void keep_house() {
        write([&](store::Transaction& tx) {
            WarmTemplateKeeper::enqueue(tx, host_id, clock_.now());
        });
        settle_templates();
    }

    const std::string agent_image_id = "ami-0123456789abcdef0";
    const std::string first_id = "i-0123456789abcdef0", clone_id = "i-0123456789abcdef1",
                      clone_root_id = "vol-0123456789abcdef1";
};

} // namespace pileus::engine
