# SPDX-License-Identifier: Apache-2.0
#
# The guest of the hypervisor's contract suite: 512 bytes that say hello on the serial port and then do
# as the byte before the signature says:
#   N  wait for the power button, then switch the machine off
#   I  ignore the power button
#   O  switch the machine off after about a second
#   F  say hello for ever
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
    .org 508
mode: .byte 'N'
    .org 510
    .word 0xaa55
