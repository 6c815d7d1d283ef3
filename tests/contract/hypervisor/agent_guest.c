// SPDX-License-Identifier: Apache-2.0
//
// A guest with an agent and nothing else, for the tests of guests that are frozen: no firmware calls, no interrupts,
// one virtio-serial port (docs: images/agent/README.md). It says it is ready; when it is told an identity it writes to
// its serial port what it finds of it in its memory and devices, and says that it has applied it:
//   I am ASSET-TAG UUID-OF-DMI mac MAC boot BOOT-ID machine MACHINE-ID life N link L told INSTANCE-ID
// then "link up" and "link down" as its interface's wire is. Told of an instance whose id ends in "f" it fails, told
// of one that ends in "0" it says nothing at all.
// agent_guest.h holds its bytes:
//   gcc -m32 -Os -ffreestanding -fno-pic -fno-stack-protector -fno-asynchronous-unwind-tables -mgeneral-regs-only -c agent_guest.c -o c.o
//   as --32 agent_guest.S -o s.o && ld -N -m elf_i386 -Ttext 0x7c00 --oformat binary s.o c.o -o b.bin && xxd -i b.bin

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

static void out8(u16 port, u8 value) { __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port)); }
static void out16(u16 port, u16 value) { __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port)); }
static void out32(u16 port, u32 value) { __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port)); }
static u8 in8(u16 port) { u8 v; __asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port)); return v; }
static u16 in16(u16 port) { u16 v; __asm__ volatile("inw %1, %0" : "=a"(v) : "Nd"(port)); return v; }
static u32 in32(u16 port) { u32 v; __asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(port)); return v; }

static void say(const char* text) {
    for (; *text; ++text) {
        while (!(in8(0x3fd) & 0x20)) {}
        out8(0x3f8, (u8)*text);
    }
}
static void say_hex(const u8* bytes, int n) {
    for (int i = 0; i < n; ++i) {
        char text[3] = {"0123456789abcdef"[bytes[i] >> 4], "0123456789abcdef"[bytes[i] & 15], 0};
        say(text);
    }
}
static u32 length(const char* text) { u32 n = 0; while (text[n]) ++n; return n; }
static int begins(const char* text, const char* with) {
    while (*with)
        if (*text++ != *with++)
            return 0;
    return 1;
}

// ---- PCI and virtio of the legacy kind

static u32 pci_read(u32 slot, u32 at) { out32(0xcf8, 0x80000000u | slot << 11 | at); return in32(0xcfc); }
static void pci_write(u32 slot, u32 at, u32 value) { out32(0xcf8, 0x80000000u | slot << 11 | at); out32(0xcfc, value); }

static u16 find_device(u32 vendor_and_device) {
    for (u32 slot = 0; slot < 32; ++slot)
        if (pci_read(slot, 0) == vendor_and_device) {
            pci_write(slot, 4, pci_read(slot, 4) | 5); // I/O and bus mastering
            return (u16)(pci_read(slot, 0x10) & ~3u);
        }
    return 0;
}

struct queue { u32 size; volatile u8* memory; u16 next; u16 seen; };
enum { port_rx = 4, port_tx = 5, control_rx = 2, control_tx = 3, queues = 6 };
static struct queue queue_of[queues];
static u16 serial_io;
static u8 buffers[queues][4096] __attribute__((aligned(16)));

static u32 used_at(struct queue* q) { return (q->size * 16 + 6 + 2 * q->size + 4095) & ~4095u; }

static void make_queue(u16 number) {
    struct queue* q = &queue_of[number];
    out16(serial_io + 0x0e, number);
    q->size = in16(serial_io + 0x0c);
    q->memory = (volatile u8*)(0x400000u + number * 0x10000u);
    for (u32 i = 0; i < 0x10000u; ++i)
        q->memory[i] = 0;
    out32(serial_io + 0x08, (u32)q->memory >> 12);
}

// One buffer at a time, always the first descriptor.
static void offer(u16 number, u32 bytes, int device_writes) {
    struct queue* q = &queue_of[number];
    volatile u32* descriptor = (volatile u32*)q->memory;
    volatile u16* available = (volatile u16*)(q->memory + q->size * 16);
    descriptor[0] = (u32)buffers[number];
    descriptor[1] = 0;
    descriptor[2] = bytes;
    descriptor[3] = device_writes ? 2 : 0;
    available[2 + q->next % q->size] = 0;
    __asm__ volatile("mfence" : : : "memory");
    available[1] = ++q->next;
    __asm__ volatile("mfence" : : : "memory");
    out16(serial_io + 0x10, number);
}
// How much the device wrote, or -1 when it has not answered yet.
static int answered(u16 number) {
    struct queue* q = &queue_of[number];
    volatile u8* used = q->memory + used_at(q);
    if (*(volatile u16*)(used + 2) == q->seen)
        return -1;
    const u32 bytes = *(volatile u32*)(used + 4 + 8 * (q->seen % q->size) + 4);
    ++q->seen;
    return (int)bytes;
}

static void send(u16 number, const void* bytes, u32 n) {
    for (u32 i = 0; i < n; ++i)
        buffers[number][i] = ((const u8*)bytes)[i];
    offer(number, n, 0);
    while (answered(number) < 0) {}
}
static void tell_control(u32 port, u16 event, u16 value) {
    struct { u32 port; u16 event, value; } message = {port, event, value};
    send(control_tx, &message, sizeof(message));
}
static void tell_host(const char* line) { send(port_tx, line, length(line)); }

static void open_port(void) {
    serial_io = find_device(0x10031af4u);
    out8(serial_io + 0x12, 0);
    out8(serial_io + 0x12, 3);
    out32(serial_io + 4, in32(serial_io) & 2u); // several ports
    for (u16 i = 0; i < queues; ++i)
        make_queue(i);
    out8(serial_io + 0x12, 7);
    offer(control_rx, sizeof(buffers[0]), 1);
    tell_control(0, 0, 1); // the driver is ready
    for (int is_open = 0; !is_open;) {
        if (answered(control_rx) < 0)
            continue;
        const u32 port = *(u32*)buffers[control_rx];
        const u16 event = *(u16*)(buffers[control_rx] + 4);
        offer(control_rx, sizeof(buffers[0]), 1);
        if (event == 1) // a port is there
            tell_control(port, 3, 1);
        if (event == 1 && port == 1) {
            tell_control(port, 6, 1);
            is_open = 1;
        }
    }
    offer(port_rx, sizeof(buffers[0]), 1);
}

// ---- Who the guest is

static const u8* smbios_table(u32* bytes) {
    for (const u8* at = (const u8*)0xf0000; at < (const u8*)0xfffe0; at += 16)
        if (begins((const char*)at, "_SM_")) {
            *bytes = *(const u16*)(at + 0x16);
            return (const u8*)*(const u32*)(at + 0x18);
        }
    *bytes = 0;
    return 0;
}
static const char* asset_tag(void) {
    u32 bytes;
    const u8* table = smbios_table(&bytes);
    for (u32 i = 1; i + 3 < bytes; ++i)
        if (!table[i - 1] && (begins((const char*)table + i, "i-") || begins((const char*)table + i, "wt-")))
            return (const char*)table + i;
    return "none";
}
static const u8* system_uuid(void) {
    u32 bytes;
    const u8* table = smbios_table(&bytes);
    for (u32 i = 0; i + 24 < bytes;) {
        if (table[i] == 1)
            return table + i + 8;
        i += table[i + 1];
        while (table[i] || table[i + 1])
            ++i;
        i += 2;
    }
    return (const u8*)"";
}

// As a kernel keeps them. In .data: what the program was loaded with is its memory.
static volatile u8 boot_id[16] = {0x0f, 0x0e, 0x0d, 0x0c, 0x0b, 0x0a, 0x49, 0x08, 0x87, 6, 5, 4, 3, 2, 1, 0};
static volatile u8 machine_id[16] = {0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};
static char kept_asset_tag[32];
static int lives;

static char block[8192];
static u32 block_bytes;

static const char* value_of(const char* key) {
    static char value[256];
    for (u32 i = 0; i < block_bytes; ++i)
        if ((i == 0 || block[i - 1] == '\n') && begins(block + i, key)) {
            u32 n = 0;
            for (i += length(key) + 1; block[i] != '\n' && n < 255; ++i)
                value[n++] = block[i];
            value[n] = 0;
            return value;
        }
    return "";
}

static u16 network_io;
static int link_is_up(void) { return in16(network_io + 0x14 + 6) & 1; }

static void introduce(void) {
    u8 mac[6];
    for (int i = 0; i < 6; ++i)
        mac[i] = in8(network_io + 0x14 + i);
    say("I am ");
    say(kept_asset_tag);
    say(" ");
    say(asset_tag());
    say(" uuid ");
    say_hex(system_uuid(), 16);
    say(" mac ");
    say_hex(mac, 6);
    say(" boot ");
    say_hex((const u8*)boot_id, 16);
    say(" machine ");
    say_hex((const u8*)machine_id, 16);
    char life[] = " life 0";
    life[6] = (char)('0' + ++lives);
    say(life);
    say(link_is_up() ? " link up" : " link down");
    say(" told ");
    say(value_of("instance-id"));
    say("\r\n");
}

static void become(void) {
    introduce();
    const char* id = value_of("instance-id");
    const char last = id[0] ? id[length(id) - 1] : '?';
    if (last == 'f')
        tell_host("failed there is no such thing here\n");
    else if (last != '0')
        tell_host("applied\n");
    block_bytes = 0;
}

void guest_main(void) {
    say("agent guest\r\n");
    network_io = find_device(0x10001af4u);
    const char* tag = asset_tag();
    for (u32 i = 0; i < sizeof(kept_asset_tag) - 1 && tag[i]; ++i)
        kept_asset_tag[i] = tag[i];
    open_port();
    tell_host("hello 1 test\n");
    if (begins(tag, "wt-"))
        tell_host("ready 0f0e0d0c-0b0a-4908-8706-050403020100 00112233445566778899aabbccddeeff\n");
    int was_up = link_is_up();
    for (;;) {
        const int is_up = link_is_up();
        if (is_up != was_up)
            say(is_up ? "link up\r\n" : "link down\r\n");
        was_up = is_up;
        const int n = answered(port_rx);
        if (n < 0)
            continue;
        for (int i = 0; i < n && block_bytes < sizeof(block) - 1; ++i)
            block[block_bytes++] = (char)buffers[port_rx][i];
        offer(port_rx, sizeof(buffers[0]), 1);
        block[block_bytes] = 0;
        if (block_bytes >= 4 && begins(block + block_bytes - 4, "end\n"))
            become();
    }
}
