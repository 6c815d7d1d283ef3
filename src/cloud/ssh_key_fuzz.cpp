// SPDX-License-Identifier: Apache-2.0

// Whatever is imported as a key: it is refused, or it is a key that reads the same when it is given
// again.

#include "cloud/ssh_key.h"

#include <cstdint>
#include <cstdlib>

using namespace pileus;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const auto key = cloud::import_ssh_key({reinterpret_cast<const char*>(data), size});
    if (!key)
        return 0;
    const auto again = cloud::import_ssh_key(key->openssh);
    if (!again || again->openssh != key->openssh || again->fingerprint != key->fingerprint)
        std::abort();
    return 0;
}
