# SPDX-License-Identifier: Apache-2.0
# Boot sector of the tiny image: reads Linux and its initramfs from consecutive sectors, 64 KiB at
# a time, and starts it by the 16-bit boot protocol. boot_area.py lays the sectors out and has filled in the
# kernel's setup header, so that nothing is left to decide here. GRUB takes 4 s for the same without KVM.
#
# Defined on the assembler's command line: AREA_LBA, KERNEL_CHUNKS, INITRD_CHUNKS, INITRD_MIB.

        .set SETUP_SEGMENT,  0x1000     # first chunk: the kernel's setup code and command line
        .set BUFFER_SEGMENT, 0x2000     # every other chunk passes here on its way above 1 MiB
        .set CHUNK_SECTORS,  128
        .set STACK_TOP,      0xe000     # as heap_end_ptr in boot_area.py expects

        .code16
        .globl  _start
_start:
        cli
        xorw    %ax, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %ss
        movw    $_start, %sp
        sti
        cld

        movw    $SETUP_SEGMENT, packet_segment
        call    read_chunk
        movw    $BUFFER_SEGMENT, packet_segment

        movw    $KERNEL_CHUNKS, %bp
        movb    $0x10, target_64k       # 1 MiB
        movb    $0, target_16m
        call    load_high

        movw    $INITRD_CHUNKS, %bp
        movb    $0, target_64k
        movb    $INITRD_MIB / 16, target_16m
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
        .asciz  "tiny: the disk cannot be read\r\n"

        .balign 4
packet: .byte   16, 0
        .word   CHUNK_SECTORS
        .word   0
packet_segment:
        .word   0
packet_lba:
        .quad   AREA_LBA

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
