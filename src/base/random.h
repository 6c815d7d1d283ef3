// SPDX-License-Identifier: Apache-2.0
#pragma once

// Randomness comes in through the constructor: the machine's own in the daemon, a seeded one in
// tests and the simulator. Safe to call from any thread.

#include <cstdint>
#include <mutex>
#include <random>
#include <span>
#include <string>

namespace pileus {

class Random {
  public:
    virtual ~Random() = default;
    virtual void fill(std::span<uint8_t> out) = 0;

    // `digits` lower-case hex digits, as in the ids of EC2's resources (17) and reservations.
    std::string hex(size_t digits);
    std::string bytes(size_t count);
    uint64_t next_u64();
};

// getrandom(2): fit for keys and tokens.
class SystemRandom final : public Random {
  public:
    void fill(std::span<uint8_t> out) override;
};

// The same sequence for the same seed. Never for secrets.
class SeededRandom final : public Random {
  public:
    explicit SeededRandom(uint64_t seed);
    void fill(std::span<uint8_t> out) override;

  private:
    std::mutex mutex_;
    std::mt19937_64 engine_;
};

} // namespace pileus
