// SPDX-License-Identifier: Apache-2.0
#include "auth/signing_keys.h"

namespace pileus::auth {

Sha256 derive_signing_key(std::string_view secret, const SigningScope& scope) {
    const auto date_key = hmac_sha256(std::string("AWS4").append(secret), scope.date);
    const auto region_key = hmac_sha256(as_text(date_key), scope.region);
    const auto service_key = hmac_sha256(as_text(region_key), scope.service);
    return hmac_sha256(as_text(service_key), "aws4_request");
}

SigningKeyCache::SigningKeyCache(size_t capacity) : capacity_(capacity) {}

Sha256 SigningKeyCache::get(std::string_view access_key_id,
                            std::string_view secret,
                            const SigningScope& scope) {
    std::string id;
    id.reserve(access_key_id.size() + scope.date.size() + scope.region.size() +
               scope.service.size() + 3);
    id.append(access_key_id)
        .append("/")
        .append(scope.date)
        .append("/")
        .append(scope.region)
        .append("/")
        .append(scope.service);
    {
        const std::lock_guard lock(mutex_);
        const auto found = by_id_.find(id);
        if (found != by_id_.end() && found->second->secret == secret) {
            entries_.splice(entries_.begin(), entries_, found->second);
            return found->second->key;
        }
    }
    const auto key = derive_signing_key(secret, scope);
    const std::lock_guard lock(mutex_);
    if (const auto old = by_id_.find(id);
        old != by_id_.end()) { // another thread was faster, or the secret was changed
        const auto entry = old->second;
        by_id_.erase(old);
        entries_.erase(entry);
    }
    if (entries_.size() >= capacity_) {
        by_id_.erase(entries_.back().id);
        entries_.pop_back();
    }
    entries_.push_front({std::move(id), std::string(secret), key});
    by_id_.emplace(entries_.front().id, entries_.begin());
    return key;
}

size_t SigningKeyCache::size() const {
    const std::lock_guard lock(mutex_);
    return entries_.size();
}

} // namespace pileus::auth
