// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdbool.h>
#include <stddef.h>

// What the host says a guest is to be, as it came: values point into the block that was read.

enum {
    max_block_bytes = 64 * 1024, // of one identity
    max_line_bytes = 4096,
    max_values = 64, // lines of one identity
    max_homes = 4,
    max_wakes = 4,
};

struct identity {
    const char* keys[max_values];
    const char* values[max_values];
    int count;
};

// The first value of a key; NULL when there is none. `next` goes on after the one at `*position`.
const char* identity_value(const struct identity* identity, const char* key);
const char* identity_next(const struct identity* identity, const char* key, int* position);

// Where this image keeps what an instance is known by; from the command line.
struct places {
    const char* root;             // "" but in tests
    const char* homes[max_homes]; // whose owners may log in with the instance's keys
    int home_count;
    const char* host_key; // file; its public half is beside it, with .pub
    const char* host_key_format;
    const char* instance_file;    // holds the id of the instance that all this was made for
    const char* wakes[max_wakes]; // FIFOs at which somebody may wait to be told the instance's id
    int wake_count;
    const char* copied; // run when a guest that was somebody became somebody else
    bool files_only;    // tests: the machine itself is left alone
};

// Each returns NULL, or what went wrong, in words for the host's log.
const char* apply_identity(const struct identity* identity, const struct places* places);
const char* apply_network(const struct identity* identity);

// A private host key in the form of a server's file; 0 when it does not fit or is none.
enum { ed25519_bytes = 32, max_host_key_bytes = 1024 };
size_t openssh_private_key(const unsigned char* seed,
                           const unsigned char* public_key,
                           const char* comment,
                           char* out);
size_t dropbear_private_key(const unsigned char* seed, const unsigned char* public_key, char* out);
size_t openssh_public_key(const unsigned char* public_key, const char* comment, char* out);

// Writes a whole file beside and moves it into its place; owned as `like` when that is not NULL.
const char*
replace_file(const char* path, const void* content, size_t bytes, int mode, const char* like);

// Decodes exactly `bytes` bytes.
bool from_hex(const char* text, unsigned char* out, size_t bytes);
