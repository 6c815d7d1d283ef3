// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace pileus::engine {

// Keeps what takes minutes (imports, exports, copies, merges) from taking all of the engine's
// threads, and from being done twice when it takes longer than its lease. Shared by the
// controllers; any thread. Nothing survives a restart, and nothing needs to: the threads do not
// either.
class LongWork {
  public:
    explicit LongWork(int at_once) : at_once_(at_once) {}

    class Turn {
      public:
        Turn(LongWork& work, std::string id) : work_(&work), id_(std::move(id)) {}
        Turn(Turn&& other) noexcept : work_(other.work_), id_(std::move(other.id_)) {
            other.work_ = nullptr;
        }
        Turn(const Turn&) = delete;
        Turn& operator=(const Turn&) = delete;
        ~Turn() {
            if (work_)
                work_->end(id_);
        }

      private:
        LongWork* work_;
        std::string id_;
    };

    // nullopt: it is being done already, or there is no room now; look again later. `reads` is the
    // resource that has to stay meanwhile.
    std::optional<Turn> begin(const std::string& id, const std::string& reads = "") {
        const std::lock_guard lock(mutex_);
        if (running_.size() >= static_cast<size_t>(at_once_) || running_.contains(id))
            return std::nullopt;
        running_.emplace(id, reads);
        return Turn(*this, id);
    }

    bool is_read(const std::string& id) {
        const std::lock_guard lock(mutex_);
        for (const auto& [worker, reads] : running_)
            if (reads == id)
                return true;
        return false;
    }

  private:
    void end(const std::string& id) {
        const std::lock_guard lock(mutex_);
        running_.erase(id);
    }

    const int at_once_;
    std::mutex mutex_;
    std::map<std::string, std::string> running_;
};

} // namespace pileus::engine
