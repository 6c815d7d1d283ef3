# SPDX-License-Identifier: Apache-2.0
#
# The guest of the hypervisor's contract suite: 512 bytes that say hello on the serial port and then do
# as the byte before the signature says:
#   N  wait for the power button, then switch the machine off
#   I  ignore the power button
#   O  switch the machine off after about a second
#   F  say hello for ever
#   W  write a counter to its disk for ever, each time into another cluster: sector 2048 + (n & 511) * 128 gets n
#      (and say "lost" on the serial port when a write fails)
# boot_sector.h holds its bytes:
#   as --32 boot_sector.S -o b.o && ld -m elf_i386 -Ttext 0x7c00 --oformat binary b.o -o b.bin && xxd -i b.bin
.code16
.globl _start
_start:
    cli
    xorw %ax, %ax
    movw %ax, %ds
    movw %ax, %ss
    movw $0x7c00, %sp
    sti
    # Enable the power button event: PM1a_EN of ICH9 as SeaBIOS places it
    movw $0x602, %dx
    movw $0x0100, %ax
    outw %ax, %dx
    movw $hello, %si
    call print
    movb mode, %al
    cmpb $'F', %al
    je flood
    cmpb $'O', %al
    je later_off
    cmpb $'W', %al
    je write
wait:
    hlt
    movw $0x600, %dx
    inw %dx, %ax
    testw $0x0100, %ax
    jz wait
    movb mode, %al
    cmpb $'I', %al
    je wait
off:
    movw $bye, %si
    call print
    movw $0x604, %dx
    movw $0x2000, %ax
    outw %ax, %dx
    jmp wait
later_off:
    movw $20, %cx
1:  hlt
    loop 1b
    jmp off
flood:
    movw $hello, %si
    call print
    jmp flood
write:
    incl counter
    movl counter, %eax
    movl %eax, 0x8000
    andl $511, %eax
    shll $7, %eax
    addl $2048, %eax
    movl %eax, packet + 8
    movb $0x80, %dl
    movw $packet, %si
    movw $0x4300, %ax
    int $0x13
    jnc write
    movw $lost, %si
    call print
    jmp write
print:
    lodsb
    testb %al, %al
    jz 1f
    movw $0x3f8, %dx
    outb %al, %dx
    jmp print
1:  ret
hello: .asciz "pileus test guest up\r\n"
bye: .asciz "off\r\n"
lost: .asciz "lost\r\n"
    .balign 4
counter: .long 0
packet: # one sector from 0x8000 to the sector that follows
    .byte 16, 0
    .word 1, 0x8000, 0
    .long 0, 0
    .org 508
mode: .byte 'N'
    .org 510
    .word 0xaa55
