# SPDX-License-Identifier: Apache-2.0
# The boot sector: reads Linux and its initramfs from consecutive sectors, 64 KiB at a time, and starts it by
# the 16-bit boot protocol. boot_area.py lays the sectors out, fills in the kernel's setup header and the
# parameters below, so that nothing is left to decide here. GRUB takes 4 s for the same without KVM.

        .set SETUP_SEGMENT,  0x1000     # first chunk: the kernel's setup code and command line
        .set BUFFER_SEGMENT, 0x2000     # every other chunk passes here on its way above 1 MiB
        .set CHUNK_SECTORS,  128
        .set STACK_TOP,      0xe000     # as heap_end_ptr in boot_area.py expects

        .code16
        .globl  _start
_start:
        jmp     1f

        .org    4                       # parameters: boot_area.py writes them here
packet_lba:
        .quad   0                       # where the area starts
kernel_chunks:
        .word   0
initrd_chunks:
        .word   0
initrd_16m:
        .word   0                       # address of the initramfs, in units of 16 MiB

1:      cli
        xorw    %ax, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %ss
        movw    $_start, %sp
        sti
        cld
        ljmp    $0, $2f
2:
        movw    $SETUP_SEGMENT, packet_segment
        call    read_chunk
        movw    $BUFFER_SEGMENT, packet_segment

        movw    kernel_chunks, %bp
        movb    $0x10, target_64k       # 1 MiB
        movb    $0, target_16m
        call    load_high

        movw    initrd_chunks, %bp
        movb    $0, target_64k
        movb    initrd_16m, %al
        movb    %al, target_16m
        call    load_high

        cli
        movw    $SETUP_SEGMENT, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %fs
        movw    %ax, %gs
        movw    %ax, %ss
        movw    $STACK_TOP, %sp
        ljmp    $SETUP_SEGMENT + 0x20, $0

# Loads %bp chunks to the target address; leaves the target behind the last one.
load_high:
        call    read_chunk
        movb    $0x87, %ah              # BIOS: copy to extended memory
        movw    $0x8000, %cx            # words
        movw    $copy_table, %si
        int     $0x15
        jc      fail
        incb    target_64k
        jnz     1f
        incb    target_16m
1:      decw    %bp
        jnz     load_high
        ret

# Reads the next chunk to packet_segment:0. %dl is the drive, as the BIOS gave it.
read_chunk:
        movl    packet_lba, %eax
        movl    %eax, packet_sector
        movb    $0x42, %ah
        movw    $packet, %si
        int     $0x13
        jc      fail
        addl    $CHUNK_SECTORS, packet_lba
        ret

fail:
        movw    $message, %si
1:      lodsb
        testb   %al, %al
        jz      2f
        movb    $0x0e, %ah
        int     $0x10
        jmp     1b
2:      hlt
        jmp     2b

message:
        .asciz  "The disk cannot be read\r\n"

        .balign 4
packet: .byte   16, 0
        .word   CHUNK_SECTORS
        .word   0
packet_segment:
        .word   0
packet_sector:
        .quad   0

copy_table:                             # two null descriptors, source, target, two for the BIOS
        .quad   0, 0
        .word   0xffff, 0               # source: BUFFER_SEGMENT * 16
        .byte   BUFFER_SEGMENT >> 12, 0x93, 0, 0
        .word   0xffff, 0
target_64k:
        .byte   0, 0x93, 0
target_16m:
        .byte   0
        .quad   0, 0
