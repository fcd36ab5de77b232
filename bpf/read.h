/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Reading kernel objects from addresses that are plain numbers. A cast to a read-only kernel pointer makes each load a
 * checked one: a bad address gives 0. Faster than a call of bpf_probe_read_kernel for each member, and the functions that
 * take numbers are verified once in each program instead of once at each place that calls them.
 */
#pragma once

/*
 * Also for pointers that the verifier trusts: each step from one of those to another pointer makes it look for a type by its name
 * in the kernel's type information, from end to end, which took half of the time of loading a program.
 */
#define AS(type, address) ((type *)bpf_rdonly_cast((void *)(address), bpf_core_type_id_kernel(type)))

/* What is checked next is this very register: the compiler may not check another expression of the same value. */
#define KEEP(variable) asm volatile("" : "+r"(variable))

/* The struct mount around a vfsmount. */
static __always_inline u64 mount_of(u64 vfsmount)
{
	return vfsmount ? vfsmount - bpf_core_field_offset(struct mount, mnt) : 0;
}

/* Eight bytes at an address. */
static __always_inline u64 word_at(u64 address)
{
	return AS(struct qstr, address)->hash_len;
}
