// SPDX-License-Identifier: Apache-2.0
// Makes a guest that was nobody, or somebody else, the instance that the host names. In the order
// in which the world outside comes to depend on it; without a process, since each costs tens of
// milliseconds where there is no KVM.

#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/random.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { max_seed_bytes = 256, machine_id_digits = 32, fifo_tries = 500, fifo_pause_us = 10000 };

static void path_in(char* path, const struct places* places, const char* name) {
    snprintf(path, PATH_MAX, "%s%s", places->root, name);
}

const char*
replace_file(const char* path, const void* content, size_t bytes, int mode, const char* like) {
    char beside[PATH_MAX];
    struct stat owner;
    if ((size_t)snprintf(beside, sizeof beside, "%s.new", path) >= sizeof beside)
        return "a path is too long";
    const int file = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0)
        return "a file cannot be made";
    bool good = write(file, content, bytes) == (ssize_t)bytes && fchmod(file, (mode_t)mode) == 0;
    if (like != NULL)
        good = good && stat(like, &owner) == 0 && fchown(file, owner.st_uid, owner.st_gid) == 0;
    good = close(file) == 0 && good && rename(beside, path) == 0;
    if (!good)
        unlink(beside);
    return good ? NULL : "a file cannot be written";
}

bool from_hex(const char* text, unsigned char* out, size_t bytes) {
    if (text == NULL || strlen(text) != 2 * bytes)
        return false;
    for (size_t i = 0; i < bytes; ++i) {
        char digits[3] = {text[2 * i], text[2 * i + 1], 0}, *end;
        out[i] = (unsigned char)strtoul(digits, &end, 16);
        if (*end != 0 || digits[0] == '-' || digits[0] == '+' || digits[0] == ' ')
            return false;
    }
    return true;
}

static const char* set_clock(const struct identity* identity) {
    const char* text = identity_value(identity, "time-ns");
    if (text == NULL)
        return NULL;
    const long long ns = atoll(text);
    const struct timespec now = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
    return clock_settime(CLOCK_REALTIME, &now) == 0 ? NULL : "the clock cannot be set";
}

// The pool is stirred, and what the kernel hands out from now on comes from the new one.
static const char* seed_random(const struct identity* identity) {
    const char* text = identity_value(identity, "random-seed");
    if (text == NULL)
        return "no random seed came";
    struct {
        struct rand_pool_info head;
        unsigned char bytes[max_seed_bytes];
    } pool;
    const size_t bytes = strlen(text) / 2;
    if (bytes > max_seed_bytes || !from_hex(text, (unsigned char*)pool.head.buf, bytes))
        return "the random seed cannot be read";
    pool.head.buf_size = (int)bytes;
    pool.head.entropy_count = (int)bytes * 8;
    const int device = open("/dev/urandom", O_RDWR | O_CLOEXEC);
    const bool good = device >= 0 && ioctl(device, RNDADDENTROPY, &pool) == 0 &&
                      ioctl(device, RNDRESEEDCRNG) == 0;
    close(device);
    explicit_bzero(&pool, sizeof pool);
    return good ? NULL : "the kernel took no random seed";
}

// The writing end of a FIFO that somebody waits at. There is one only in a guest that was nobody;
// its reader may not have got as far yet. `*fifo` is -1 where there is none.
static bool open_fifo(const char* path, int* fifo) {
    struct stat status;
    *fifo = -1;
    if (lstat(path, &status) != 0 || !S_ISFIFO(status.st_mode))
        return true;
    for (int i = 0; i < fifo_tries && *fifo < 0; ++i) {
        *fifo = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
        if (*fifo < 0)
            usleep(fifo_pause_us);
    }
    return *fifo >= 0;
}

static bool write_fifo(int fifo, const void* what, size_t bytes) {
    if (fifo < 0)
        return true;
    const bool good = write(fifo, what, bytes) == (ssize_t)bytes;
    return close(fifo) == 0 && good;
}

static const char* write_host_key(const struct identity* identity, const struct places* places) {
    const char* name = identity_value(identity, "host-name");
    unsigned char seed[ed25519_bytes], public_key[ed25519_bytes];
    char content[max_host_key_bytes], comment[80], path[PATH_MAX];
    if (places->host_key == NULL)
        return NULL;
    if (!from_hex(identity_value(identity, "host-key-seed"), seed, sizeof seed) ||
        !from_hex(identity_value(identity, "host-key-public"), public_key, sizeof public_key))
        return "the host key cannot be read";
    snprintf(comment, sizeof comment, "root@%.64s", name == NULL ? "localhost" : name);
    path_in(path, places, places->host_key);
    size_t bytes = strcmp(places->host_key_format, "dropbear") == 0
                       ? dropbear_private_key(seed, public_key, content)
                       : openssh_private_key(seed, public_key, comment, content);
    // A server that was started already reads its key from a FIFO in the key's place. What it opens
    // next is the file.
    int fifo = -1;
    const char* failure = open_fifo(path, &fifo) ? NULL : "no SSH server waits for its host key";
    if (failure == NULL)
        failure = replace_file(path, content, bytes, 0600, NULL);
    if (!write_fifo(fifo, content, bytes))
        failure = "the SSH server took no host key";
    explicit_bzero(seed, sizeof seed);
    explicit_bzero(content, sizeof content);
    if (failure != NULL)
        return failure;
    strncat(path, ".pub", sizeof path - strlen(path) - 1);
    bytes = openssh_public_key(public_key, comment, content);
    return replace_file(path, content, bytes, 0644, NULL);
}

// Who could log in before, still may: a copy of a running guest, or an image that was made of one.
static const char*
add_login_keys(const char* path, const struct identity* identity, const char* owner) {
    static char content[max_block_bytes];
    size_t bytes = 0;
    const int old = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = 0;
    if (old >= 0) {
        got = read(old, content, sizeof content / 2);
        close(old);
    }
    bytes = got > 0 ? (size_t)got : 0;
    if (bytes == sizeof content / 2)
        return NULL; // somebody keeps so many keys here that ours is not what is missing
    if (bytes > 0 && content[bytes - 1] != '\n')
        content[bytes++] = '\n';
    content[bytes] = 0;
    int position = -1;
    for (const char* key; (key = identity_next(identity, "ssh-key", &position)) != NULL;)
        if (strstr(content, key) == NULL && bytes + strlen(key) + 2 < sizeof content)
            bytes += (size_t)sprintf(content + bytes, "%s\n", key);
    return bytes == 0 ? NULL : replace_file(path, content, bytes, 0600, owner);
}

static const char* write_login_keys(const struct identity* identity, const struct places* places) {
    char home[PATH_MAX], path[PATH_MAX];
    const char* failure = NULL;
    for (int i = 0; i < places->home_count && failure == NULL; ++i) {
        path_in(home, places, places->homes[i]);
        snprintf(path, sizeof path, "%.4000s/.ssh", home);
        if (mkdir(path, 0700) == 0 && !places->files_only) {
            struct stat owner;
            if (stat(home, &owner) != 0 || chown(path, owner.st_uid, owner.st_gid) != 0)
                return "a folder for the login keys cannot be given to its owner";
        }
        snprintf(path, sizeof path, "%.4000s/.ssh/authorized_keys", home);
        failure = add_login_keys(path, identity, places->files_only ? NULL : home);
    }
    return failure;
}

static const char* write_host_name(const struct identity* identity, const struct places* places) {
    char content[512], path[PATH_MAX];
    const char* name = identity_value(identity, "host-name");
    if (name == NULL || *name == 0)
        return NULL;
    if (!places->files_only && sethostname(name, strlen(name)) != 0)
        return "the host name cannot be set";
    snprintf(content, sizeof content, "%.64s\n", name);
    path_in(path, places, "/etc/hostname");
    return replace_file(path, content, strlen(content), 0644, NULL);
}

// Images whose id is kept elsewhere have no such file.
static const char* write_machine_id(const struct identity* identity, const struct places* places) {
    char content[machine_id_digits + 2], path[PATH_MAX];
    const char* id = identity_value(identity, "machine-id");
    path_in(path, places, "/etc/machine-id");
    if (id == NULL || access(path, F_OK) != 0)
        return NULL;
    if (strspn(id, "0123456789abcdef") != machine_id_digits || id[machine_id_digits] != 0)
        return "the machine id cannot be read";
    snprintf(content, sizeof content, "%s\n", id);
    return replace_file(path, content, machine_id_digits + 1, 0444, NULL);
}

// Names are looked up by what DHCP would have written, until it does; an image whose resolver keeps
// the file itself has a link there, and is told by its DHCP client.
static const char* write_resolver(const struct identity* identity, const struct places* places) {
    char content[1024], path[PATH_MAX];
    struct stat status;
    size_t bytes = 0;
    const char* domain = identity_value(identity, "domain");
    path_in(path, places, "/etc/resolv.conf");
    if (lstat(path, &status) == 0 && S_ISLNK(status.st_mode))
        return NULL;
    if (domain != NULL && *domain != 0)
        bytes += (size_t)snprintf(content, sizeof content, "search %.255s\n", domain);
    int position = -1;
    for (const char* server; (server = identity_next(identity, "dns", &position)) != NULL;)
        if (bytes < sizeof content - 64)
            bytes += (size_t)snprintf(
                content + bytes, sizeof content - bytes, "nameserver %.45s\n", server);
    return bytes == 0 ? NULL : replace_file(path, content, bytes, 0644, NULL);
}

static const char* write_instance(const struct identity* identity, const struct places* places) {
    char content[64], path[PATH_MAX];
    if (places->instance_file == NULL)
        return NULL;
    snprintf(content, sizeof content, "%.40s\n", identity_value(identity, "instance-id"));
    path_in(path, places, places->instance_file);
    return replace_file(path, content, strlen(content), 0644, NULL);
}

static const char* wake(const struct identity* identity, const struct places* places) {
    char line[64];
    snprintf(line, sizeof line, "%.40s\n", identity_value(identity, "instance-id"));
    for (int i = 0; i < places->wake_count; ++i) {
        char path[PATH_MAX];
        int fifo = -1;
        path_in(path, places, places->wakes[i]);
        if (!open_fifo(path, &fifo) || !write_fifo(fifo, line, strlen(line)))
            return "nobody waits to go on as this instance";
        if (fifo >= 0)
            unlink(path);
    }
    return NULL;
}

const char* apply_identity(const struct identity* identity, const struct places* places) {
    if (identity_value(identity, "instance-id") == NULL)
        return "no instance id came";
    const char* failure = NULL;
    if (!places->files_only) {
        failure = set_clock(identity);
        if (failure == NULL)
            failure = seed_random(identity); // before anything that may want a random number
        if (failure == NULL)
            failure = apply_network(identity);
    }
    const char* (*const steps[])(const struct identity*, const struct places*) = {write_host_name,
                                                                                  write_host_key,
                                                                                  write_login_keys,
                                                                                  write_machine_id,
                                                                                  write_resolver,
                                                                                  write_instance,
                                                                                  wake};
    for (size_t i = 0; i < sizeof steps / sizeof *steps && failure == NULL; ++i)
        failure = steps[i](identity, places);
    return failure;
}
