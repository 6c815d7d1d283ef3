// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace pileus::engine {

// A lock for each key: for a resource that several controllers touch, each under a work item of its
// own. Any thread; nothing is kept of a key that nobody holds.
class KeyedLocks {
  public:
    class Held {
      public:
        Held(KeyedLocks& locks, std::string key) : locks_(locks), key_(std::move(key)) {}
        Held(const Held&) = delete;
        Held& operator=(const Held&) = delete;
        ~Held() { locks_.release(key_); }

      private:
        KeyedLocks& locks_;
        const std::string key_;
    };

    // Several, one after the other in ascending order: whoever needs two takes them so, and never
    // waits for one that is waiting for the other.
    class HeldAll {
      public:
        HeldAll(KeyedLocks& locks, const std::set<std::string>& keys) : locks_(locks) {
            for (const auto& key : keys) {
                locks_.take(key);
                keys_.push_back(key);
            }
        }
        HeldAll(const HeldAll&) = delete;
        HeldAll& operator=(const HeldAll&) = delete;
        ~HeldAll() {
            for (const auto& key : keys_)
                locks_.release(key);
        }

      private:
        KeyedLocks& locks_;
        std::vector<std::string> keys_;
    };

    // Waits until nobody else holds the key; held while the answer lives.
    [[nodiscard]] Held hold(const std::string& key) {
        take(key);
        return Held(*this, key);
    }
    [[nodiscard]] HeldAll hold_all(const std::set<std::string>& keys) {
        return HeldAll(*this, keys);
    }

  private:
    void take(const std::string& key) {
        std::unique_lock lock(mutex_);
        released_.wait(lock, [&] { return held_.insert(key).second; });
    }
    void release(const std::string& key) {
        {
            const std::lock_guard lock(mutex_);
            held_.erase(key);
        }
        released_.notify_all();
    }

    std::mutex mutex_;
    std::condition_variable released_;
    std::set<std::string> held_;
};

} // namespace pileus::engine
