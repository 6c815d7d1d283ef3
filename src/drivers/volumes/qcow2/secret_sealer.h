// SPDX-License-Identifier: Apache-2.0
#pragma once

// Seals the secrets of encrypted layers with the installation's master key, a file that only root
// reads. A disk that leaves the machine without that file is noise. Immutable; any thread.

#include "base/random.h"
#include "base/result.h"

#include <filesystem>
#include <string>
#include <string_view>

namespace pileus::drivers {

class SecretSealer {
  public:
    // Reads the key, or makes it where there is none yet.
    static Result<SecretSealer> open(const std::filesystem::path& key_file, Random& random);

    // AES-256-GCM, bound to the name of what it opens; text.
    std::string seal(std::string_view secret, std::string_view name) const;
    Result<std::string> unseal(std::string_view sealed, std::string_view name) const;

  private:
    SecretSealer(std::string key, std::filesystem::path key_file, Random& random)
        : key_(std::move(key)), key_file_(std::move(key_file)), random_(random) {}

    std::string key_;
    std::filesystem::path key_file_;
    Random& random_;
};

} // namespace pileus::drivers
