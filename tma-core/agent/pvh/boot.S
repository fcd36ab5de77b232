# SPDX-License-Identifier: Apache-2.0
# Where a hypervisor enters by the PVH protocol (Xen's note 18 names the address): 32 bit protected mode, flat, no paging. Gives C a stack,
# segments and zeroed memory.
.section .note.pvh, "a"
  .long 4, 4, 18
  .asciz "Xen"
  .long _start

.section .text.boot, "ax"
.globl _start
_start:
  cld
  cli
  lgdt gdt_pointer
  ljmp $8, $flat
flat:
  mov $16, %ax
  mov %ax, %ds
  mov %ax, %es
  mov %ax, %ss
  mov $stack_top, %esp
  mov $bss_start, %edi
  mov $bss_end, %ecx
  sub %edi, %ecx
  xor %eax, %eax
  rep stosb
  call domain_main
.globl platform_halt
platform_halt:
  cli
  hlt
  jmp platform_halt

# all the console's interrupts do is end a hlt; the local APIC wants to be told
.globl interrupt_entry
interrupt_entry:
  movl $0, 0xfee000b0
  iret

.balign 8
gdt:
  .quad 0, 0x00cf9a000000ffff, 0x00cf92000000ffff
gdt_pointer:
  .word 23
  .long gdt

.section .bss.stack, "aw", @nobits
.balign 16
  .skip 16384
stack_top:
.section .note.GNU-stack, "", @progbits
