// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>

namespace pileus::engine {

// Which warm templates are being started from, and which have their memory at hand. Shared by the
// controllers; any thread. Nothing survives a restart, and nothing needs to: then no start is under
// way and no memory is at hand.
class WarmUses {
  public:
    class Use {
      public:
        Use(WarmUses& uses, std::string id) : uses_(&uses), id_(std::move(id)) {}
        Use(Use&& other) noexcept : uses_(other.uses_), id_(std::move(other.id_)) {
            other.uses_ = nullptr;
        }
        Use(const Use&) = delete;
        Use& operator=(const Use&) = delete;
        ~Use() {
            if (uses_)
                uses_->end(id_);
        }

      private:
        WarmUses* uses_;
        std::string id_;
    };

    // Its memory comes to hand.
    [[nodiscard]] Use begin(const std::string& template_id) {
        const std::lock_guard lock(mutex_);
        ++uses_[template_id];
        at_hand_.insert(template_id);
        return Use(*this, template_id);
    }
    bool is_used(const std::string& template_id) {
        const std::lock_guard lock(mutex_);
        return uses_.contains(template_id);
    }

    void note_at_hand(const std::string& template_id) {
        const std::lock_guard lock(mutex_);
        at_hand_.insert(template_id);
    }
    void note_cool(const std::string& template_id) {
        const std::lock_guard lock(mutex_);
        at_hand_.erase(template_id);
    }
    bool is_at_hand(const std::string& template_id) {
        const std::lock_guard lock(mutex_);
        return at_hand_.contains(template_id);
    }

  private:
    void end(const std::string& template_id) {
        const std::lock_guard lock(mutex_);
        if (--uses_[template_id] == 0)
            uses_.erase(template_id);
    }

    std::mutex mutex_;
    std::map<std::string, int> uses_;
    std::set<std::string> at_hand_;
};

} // namespace pileus::engine
