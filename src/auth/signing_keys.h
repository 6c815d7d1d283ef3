// SPDX-License-Identifier: Apache-2.0
#pragma once

// Keys derived for SigV4, and a bounded cache of them: deriving one takes four HMACs, and a client
// uses the same one all day. The cache may be used by any thread; it is lost at a restart.

#include "auth/digest.h"

#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace pileus::auth {

struct SigningScope {
    std::string_view date; // "20150830"
    std::string_view region;
    std::string_view service;
};

Sha256 derive_signing_key(std::string_view secret, const SigningScope& scope);

class SigningKeyCache {
  public:
    explicit SigningKeyCache(size_t capacity);

    // The key of `access_key_id`, whose secret this is now.
    Sha256 get(std::string_view access_key_id, std::string_view secret, const SigningScope& scope);
    size_t size() const;

  private:
    struct Entry {
        std::string id; // access key id, date, region and service
        std::string secret;
        Sha256 key;
    };
    using Entries = std::list<Entry>; // the most recently used first

    const size_t capacity_;
    mutable std::mutex mutex_;
    Entries entries_;
    std::unordered_map<std::string_view, Entries::iterator> by_id_; // views into the entries
};

} // namespace pileus::auth
