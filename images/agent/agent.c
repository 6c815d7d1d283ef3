// SPDX-License-Identifier: Apache-2.0
// The guest's end of the channel org.pileus.agent (README.md has its language): says whether the
// guest waits to be told who it is, and makes it that. Sleeps in one read() otherwise.

#include "agent.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef AGENT_VERSION
#define AGENT_VERSION "0"
#endif

enum { port_tries = 250, port_pause_us = 20000, reconnect_pause_us = 20000 };

static const char port_name[] = "org.pileus.agent";

static const char usage[] = "pileus-agent [--port DEVICE] [--home FOLDER]... [--host-key "
                            "openssh:FILE|dropbear:FILE] \n"
                            "             [--instance-file FILE] [--wake FIFO]... [--copied "
                            "PROGRAM] [--root FOLDER --files-only]\n";

const char* identity_next(const struct identity* identity, const char* key, int* position) {
    for (++*position; *position < identity->count; ++*position)
        if (strcmp(identity->keys[*position], key) == 0)
            return identity->values[*position];
    return NULL;
}

const char* identity_value(const struct identity* identity, const char* key) {
    int position = -1;
    return identity_next(identity, key, &position);
}

// First word of a file's only line; "-" when there is none.
static void read_word(const char* path, char* word, size_t size) {
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t got = file < 0 ? 0 : read(file, word, size - 1);
    if (file >= 0)
        close(file);
    word[got > 0 ? got : 0] = 0;
    word[strcspn(word, " \n")] = 0;
    if (*word == 0)
        strcpy(word, "-");
}

// Told by the board's asset tag, where an instance finds its id on EC2.
static bool is_nobody(void) {
    char tag[64];
    read_word("/sys/class/dmi/id/board_asset_tag", tag, sizeof tag);
    return strncmp(tag, "wt-", 3) == 0;
}

static bool find_port(char* device) {
    DIR* folder = opendir("/sys/class/virtio-ports");
    bool found = false;
    for (struct dirent* entry; folder != NULL && !found && (entry = readdir(folder)) != NULL;) {
        char path[PATH_MAX], name[64];
        snprintf(path, sizeof path, "/sys/class/virtio-ports/%s/name", entry->d_name);
        read_word(path, name, sizeof name);
        found = strcmp(name, port_name) == 0;
        if (found)
            snprintf(device, PATH_MAX, "/dev/%s", entry->d_name);
    }
    if (folder != NULL)
        closedir(folder);
    return found;
}

// The port appears a moment after its driver; a machine that has none gets no agent.
static int open_port(const char* given) {
    char device[PATH_MAX];
    for (int i = 0; i < port_tries; ++i) {
        int port = -1;
        if (given != NULL || find_port(device))
            port = open(given != NULL ? given : device, O_RDWR | O_CLOEXEC);
        if (port >= 0)
            return port;
        usleep(port_pause_us);
    }
    return -1;
}

// Waits for a host that listens.
static void say(int port, const char* line) {
    if (write(port, line, strlen(line)) < 0)
        perror("pileus-agent: write");
}

static void say_hello(int port, bool nobody) {
    char boot_id[64], machine_id[64], line[256];
    say(port, "hello 1 " AGENT_VERSION "\n");
    if (!nobody)
        return;
    read_word("/proc/sys/kernel/random/boot_id", boot_id, sizeof boot_id);
    read_word("/etc/machine-id", machine_id, sizeof machine_id);
    snprintf(line, sizeof line, "ready %s %s\n", boot_id, machine_id);
    say(port, line);
}

static void run_copied(const struct places* places, const char* instance_id) {
    if (places->copied == NULL || fork() != 0)
        return;
    setsid();
    execl(places->copied, places->copied, instance_id, (char*)NULL);
    perror(places->copied);
    _exit(127);
}

// Whether the guest is somebody now.
static bool
become(int port, const struct identity* identity, const struct places* places, bool nobody) {
    char line[256] = "applied\n";
    const char* failure = apply_identity(identity, places);
    if (failure != NULL)
        snprintf(line, sizeof line, "failed %s\n", failure);
    say(port, line);
    if (failure == NULL && !nobody)
        run_copied(places, identity_value(identity, "instance-id"));
    return failure == NULL;
}

struct channel {
    int port;
    const struct places* places;
    bool nobody;
    bool in_identity;
    struct identity identity;
    char block[max_block_bytes]; // whole lines of an identity, and the beginning of one
    size_t kept, used;           // of which are kept for the identity; of which are filled
};

static void forget(struct channel* channel) {
    explicit_bzero(channel->block, sizeof channel->block);
    memset(&channel->identity, 0, sizeof channel->identity);
    channel->in_identity = false;
    channel->kept = 0;
}

// A line of the host; it stays where it is when it belongs to an identity.
static void take_line(struct channel* channel, char* line) {
    struct identity* identity = &channel->identity;
    if (strcmp(line, "identity") == 0) {
        identity->count = 0;
        channel->in_identity = true;
    } else if (channel->in_identity && strcmp(line, "end") == 0) {
        if (become(channel->port, identity, channel->places, channel->nobody))
            channel->nobody = false;
        channel->in_identity = false;
        identity->count = 0;
    } else if (channel->in_identity && identity->count < max_values) {
        char* space = strchr(line, ' ');
        if (space == NULL)
            return;
        *space = 0;
        identity->keys[identity->count] = line;
        identity->values[identity->count++] = space + 1;
    }
}

static void take_lines(struct channel* channel) {
    char* end;
    while ((end = memchr(channel->block + channel->kept, '\n', channel->used - channel->kept))) {
        char* line = channel->block + channel->kept;
        *end = 0;
        channel->kept = (size_t)(end + 1 - channel->block);
        take_line(channel, line);
    }
    if (!channel->in_identity) {
        const size_t rest = channel->used - channel->kept;
        memmove(channel->block, channel->block + channel->kept, rest);
        explicit_bzero(channel->block + rest, sizeof channel->block - rest);
        channel->kept = 0;
        channel->used = rest;
    }
    if (channel->used == sizeof channel->block) { // more than any identity has: not our host's
        forget(channel);
        channel->used = 0;
    }
}

static void serve(struct channel* channel) {
    for (;;) {
        say_hello(channel->port, channel->nobody);
        for (;;) {
            const ssize_t got = read(channel->port,
                                     channel->block + channel->used,
                                     sizeof channel->block - channel->used);
            if (got <= 0)
                break; // the host is not there
            channel->used += (size_t)got;
            take_lines(channel);
        }
        forget(channel);
        channel->used = 0;
        if (channel->places->files_only)
            return;
        usleep(reconnect_pause_us);
    }
}

static bool parse(int count, char** arguments, struct places* places, const char** port) {
    static const struct option options[] = {{"port", required_argument, NULL, 'p'},
                                            {"home", required_argument, NULL, 'h'},
                                            {"host-key", required_argument, NULL, 'k'},
                                            {"instance-file", required_argument, NULL, 'i'},
                                            {"wake", required_argument, NULL, 'w'},
                                            {"copied", required_argument, NULL, 'c'},
                                            {"root", required_argument, NULL, 'r'},
                                            {"files-only", no_argument, NULL, 'F'},
                                            {NULL, 0, NULL, 0}};
    for (int option; (option = getopt_long(count, arguments, "", options, NULL)) != -1;) {
        switch (option) {
        case 'p':
            *port = optarg;
            break;
        case 'h':
            if (places->home_count == max_homes)
                return false;
            places->homes[places->home_count++] = optarg;
            break;
        case 'k': {
            char* colon = strchr(optarg, ':');
            if (colon == NULL)
                return false;
            *colon = 0;
            places->host_key_format = optarg;
            places->host_key = colon + 1;
            break;
        }
        case 'i':
            places->instance_file = optarg;
            break;
        case 'w':
            if (places->wake_count == max_wakes)
                return false;
            places->wakes[places->wake_count++] = optarg;
            break;
        case 'c':
            places->copied = optarg;
            break;
        case 'r':
            places->root = optarg;
            break;
        case 'F':
            places->files_only = true;
            break;
        default:
            return false;
        }
    }
    return optind == count;
}

int main(int count, char** arguments) {
    static struct places places = {.root = ""};
    static struct channel channel;
    const char* port = NULL;
    if (!parse(count, arguments, &places, &port)) {
        fputs(usage, stderr);
        return 2;
    }
    signal(SIGCHLD, SIG_IGN);
    channel.places = &places;
    channel.nobody = is_nobody();
    channel.port = open_port(port);
    if (channel.port < 0)
        return 0;
    // Nothing else runs before the guest is somebody; for the rest of the time this sleeps.
    const struct sched_param first = {.sched_priority = 1};
    sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &first);
    mlockall(MCL_CURRENT); // nothing of it is read from the disk when it matters
    serve(&channel);
    return 0;
}
