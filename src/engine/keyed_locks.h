// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <mutex>
#include <set>
#include <string>

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

    // Waits until nobody else holds the key; held while the answer lives.
    [[nodiscard]] Held hold(const std::string& key) {
        std::unique_lock lock(mutex_);
        released_.wait(lock, [&] { return held_.insert(key).second; });
        return Held(*this, key);
    }

  private:
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
