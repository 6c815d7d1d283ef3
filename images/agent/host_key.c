// SPDX-License-Identifier: Apache-2.0
// Ed25519 host keys as OpenSSH and dropbear keep them. The host sends both halves, so nothing is
// computed here.

#include "agent.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const char key_type[] = "ssh-ed25519";

// Bytes that grow to the right; callers know that all fits.
struct bytes {
    unsigned char data[512];
    size_t count;
};

static void put(struct bytes* to, const void* data, size_t count) {
    memcpy(to->data + to->count, data, count);
    to->count += count;
}

static void put_number(struct bytes* to, uint32_t number) {
    const unsigned char data[] = {number >> 24, number >> 16, number >> 8, number};
    put(to, data, sizeof data);
}

static void put_string(struct bytes* to, const void* data, size_t count) {
    put_number(to, (uint32_t)count);
    put(to, data, count);
}

static void put_text(struct bytes* to, const char* text) {
    put_string(to, text, strlen(text));
}

static size_t base64(const struct bytes* from, size_t line_length, char* out) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t count = 0, column = 0;
    for (size_t i = 0; i < from->count; i += 3) {
        const size_t left = from->count - i;
        const uint32_t group = (uint32_t)from->data[i] << 16 |
                               (left > 1 ? (uint32_t)from->data[i + 1] << 8 : 0) |
                               (left > 2 ? from->data[i + 2] : 0);
        out[count++] = digits[group >> 18];
        out[count++] = digits[group >> 12 & 63];
        out[count++] = left > 1 ? digits[group >> 6 & 63] : '=';
        out[count++] = left > 2 ? digits[group & 63] : '=';
        column += 4;
        if (line_length > 0 && column >= line_length) {
            out[count++] = '\n';
            column = 0;
        }
    }
    if (line_length > 0 && column > 0)
        out[count++] = '\n';
    return count;
}

static struct bytes public_blob(const unsigned char* public_key) {
    struct bytes blob = {.count = 0};
    put_text(&blob, key_type);
    put_string(&blob, public_key, ed25519_bytes);
    return blob;
}

size_t openssh_public_key(const unsigned char* public_key, const char* comment, char* out) {
    const struct bytes blob = public_blob(public_key);
    size_t count = (size_t)sprintf(out, "%s ", key_type);
    count += base64(&blob, 0, out + count);
    return count + (size_t)sprintf(out + count, " %.64s\n", comment);
}

// OpenSSH's PROTOCOL.key, without a passphrase.
size_t openssh_private_key(const unsigned char* seed,
                           const unsigned char* public_key,
                           const char* comment,
                           char* out) {
    static const char begin[] = "-----BEGIN OPENSSH PRIVATE KEY-----\n";
    static const char end[] = "-----END OPENSSH PRIVATE KEY-----\n";
    struct bytes secret = {.count = 0};
    put_number(&secret, 0); // two equal numbers, by which a wrong passphrase would be noticed
    put_number(&secret, 0);
    put_text(&secret, key_type);
    put_string(&secret, public_key, ed25519_bytes);
    put_number(&secret, 2 * ed25519_bytes);
    put(&secret, seed, ed25519_bytes);
    put(&secret, public_key, ed25519_bytes);
    put_string(&secret, comment, strnlen(comment, 64));
    for (unsigned char padding = 1; secret.count % 8 != 0; ++padding)
        put(&secret, &padding, 1);

    struct bytes file = {.count = 0};
    const struct bytes blob = public_blob(public_key);
    put(&file, "openssh-key-v1", sizeof "openssh-key-v1");
    put_text(&file, "none");
    put_text(&file, "none");
    put_string(&file, "", 0);
    put_number(&file, 1);
    put_string(&file, blob.data, blob.count);
    put_string(&file, secret.data, secret.count);

    size_t count = (size_t)sprintf(out, "%s", begin);
    count += base64(&file, 68, out + count);
    count += (size_t)sprintf(out + count, "%s", end);
    explicit_bzero(&secret, sizeof secret);
    explicit_bzero(&file, sizeof file);
    return count;
}

size_t dropbear_private_key(const unsigned char* seed, const unsigned char* public_key, char* out) {
    struct bytes file = {.count = 0};
    put_text(&file, key_type);
    put_number(&file, 2 * ed25519_bytes);
    put(&file, seed, ed25519_bytes);
    put(&file, public_key, ed25519_bytes);
    const size_t count = file.count;
    memcpy(out, file.data, count);
    explicit_bzero(&file, sizeof file);
    return count;
}
