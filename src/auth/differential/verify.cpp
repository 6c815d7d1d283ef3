// SPDX-License-Identifier: Apache-2.0

// Reads vectors from standard input and writes for each its name and "accepted", or the error's
// code.

#include "auth/differential/vectors.h"
#include "auth/differential/verifier.h"

#include <iostream>

int main() {
    for (const auto& vector : pileus::auth::read_vectors(std::cin)) {
        const auto principal = pileus::auth::Verifier(vector.now).authenticate(vector.request);
        std::cout << vector.name << ' ' << (principal ? "accepted" : principal.error().code)
                  << '\n';
    }
}
