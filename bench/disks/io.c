// SPDX-License-Identifier: Apache-2.0
//
// Runs in a guest (static, nothing else is there) and says how fast a disk is:
//   io rand r|w DEVICE SECONDS    operations of 4 KiB at random places, per second
//   io seq r|w DEVICE SECONDS     MiB per second, in operations of 1 MiB
//   io gaps DEVICE SECONDS        the longest time between two writes, in microseconds
// One operation at a time, past the guest's page cache, over the first 128 MiB.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const uint64_t span = 128ull << 20;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static uint64_t next_random(void) { // xorshift: the same places every time
    static uint64_t state = 88172645463325252ull;
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
}

int main(int argc, char** argv) {
    const int gaps = argc == 4 && strcmp(argv[1], "gaps") == 0;
    if (!gaps && argc != 5)
        return 2;
    const int at_random = strcmp(argv[1], "rand") == 0;
    const int writes = gaps || argv[2][0] == 'w';
    const size_t size = at_random || gaps ? 4096 : 1 << 20;
    const int fd = open(argv[argc - 2], O_RDWR | O_DIRECT);
    void* buffer = NULL;
    if (fd < 0 || posix_memalign(&buffer, 4096, size) != 0)
        return 1;
    memset(buffer, 'x', size);
    const double began = now();
    const double end = began + atof(argv[argc - 1]);
    double last = began, longest = 0;
    uint64_t count = 0;
    while (last < end) {
        const uint64_t block = at_random ? next_random() : count;
        const off_t at = block % (span / size) * size;
        const ssize_t done = writes ? pwrite(fd, buffer, size, at) : pread(fd, buffer, size, at);
        if (done != (ssize_t)size)
            return 1;
        const double time = now();
        if (time - last > longest)
            longest = time - last;
        last = time;
        ++count;
    }
    const double rate = count / (last - began);
    printf("%.1f\n", gaps ? longest * 1e6 : at_random ? rate : rate * size / (1 << 20));
    return 0;
}
