# SPDX-License-Identifier: Apache-2.0
# sudo [-n] COMMAND [ARGUMENT ...] for the tiny image: becomes root and lets env find the command. The file is
# setuid root and only the default user's group may run it. (busybox's own way, /etc/busybox.conf, crashes
# in the shell that Debian builds.)

        .set    SYS_EXECVE, 59
        .set    SYS_EXIT, 60
        .set    SYS_SETGROUPS, 116
        .set    SYS_SETRESUID, 117
        .set    SYS_SETRESGID, 119

        .globl  _start
_start:
        cmpq    $2, (%rsp)              # argc
        jl      fail
        xorl    %edi, %edi
        xorl    %esi, %esi
        xorl    %edx, %edx
        movl    $SYS_SETRESGID, %eax
        syscall
        testl   %eax, %eax
        jnz     fail
        movl    $SYS_SETGROUPS, %eax
        syscall
        testl   %eax, %eax
        jnz     fail
        movl    $SYS_SETRESUID, %eax
        syscall
        testl   %eax, %eax
        jnz     fail

        movq    (%rsp), %rax
        leaq    16(%rsp,%rax,8), %rdx   # envp
        leaq    8(%rsp), %rsi           # argv, whose first word becomes "env"
        movq    8(%rsi), %rax
        cmpw    $0x6e2d, (%rax)         # "-n"
        jne     1f
        cmpb    $0, 2(%rax)
        jne     1f
        addq    $8, %rsi
1:      leaq    name(%rip), %rax
        movq    %rax, (%rsi)
        leaq    path(%rip), %rdi
        movl    $SYS_EXECVE, %eax
        syscall
fail:
        movl    $1, %edi
        movl    $SYS_EXIT, %eax
        syscall

path:   .asciz  "/usr/bin/env"
name:   .asciz  "env"
