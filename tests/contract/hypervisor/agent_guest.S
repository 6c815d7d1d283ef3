# SPDX-License-Identifier: Apache-2.0
#
# The boot sector before agent_guest.c: loads what follows it on the disk, enters protected mode, and goes there.
.code16
.globl _start
_start:
    cli
    xorw %ax, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movw $0x7c00, %sp
    sti
    movw $packet, %si
    movb $0x42, %ah                 # read sectors from the disk that is in %dl
    int $0x13
    jc stop
    cli
    lgdt table
    movl %cr0, %eax
    orb $1, %al
    movl %eax, %cr0
    ljmp $8, $flat
stop:
    hlt
    jmp stop
.code32
flat:
    movw $16, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movl $0x7c00, %esp
    movl $__bss_start, %edi
    movl $_end, %ecx
    subl %edi, %ecx
    xorl %eax, %eax
    cld
    rep stosb
    call guest_main
1:  hlt
    jmp 1b

.balign 4
packet:
    .byte 16, 0
    .word 32                        # sectors
    .word 0x7e00, 0                 # to where this one ends
    .quad 1                         # from the second on
.balign 8
segments:
    .quad 0
    .quad 0x00cf9a000000ffff
    .quad 0x00cf92000000ffff
table:
    .word 23
    .long segments
.org 510
    .word 0xaa55
