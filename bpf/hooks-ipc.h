/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Hooks about System V objects and keys. A System V object is three arguments, PERM below: uid | gid << 32, creator's uid |
 * creator's gid << 32, mode | identity number of who made it << 32 (0: nobody known). All are 0 where the kernel asks about
 * objects as a whole (IPC_INFO and others).
 */
#pragma once

/* --- who made what ------------------------------------------------------------------------------------------------------- */

static __always_inline int ipc_made(struct kern_ipc_perm *perm)
{
	struct galgo_task *t = modeled();
	struct galgo_created c = {};
	u64 key;

	if (!t)
		return 0;
	key = plain(t, perm);
	c.serial = t->serial;
	c.owner = t->identity;
	bpf_map_update_elem(&galgo_ipc, &key, &c, BPF_ANY);
	return 0;
}

static __always_inline int ipc_freed(struct kern_ipc_perm *perm)
{
	u64 key = (u64)perm;

	bpf_map_delete_elem(&galgo_ipc, &key);
	return 0;
}

SEC("lsm/shm_alloc_security")
int BPF_PROG(galgo_shm_made, struct kern_ipc_perm *perm)
{
	return ipc_made(perm);
}

SEC("lsm/sem_alloc_security")
int BPF_PROG(galgo_sem_made, struct kern_ipc_perm *perm)
{
	return ipc_made(perm);
}

SEC("lsm/msg_queue_alloc_security")
int BPF_PROG(galgo_msg_queue_made, struct kern_ipc_perm *perm)
{
	return ipc_made(perm);
}

SEC("lsm/shm_free_security")
int BPF_PROG(galgo_shm_freed, struct kern_ipc_perm *perm)
{
	return ipc_freed(perm);
}

SEC("lsm/sem_free_security")
int BPF_PROG(galgo_sem_freed, struct kern_ipc_perm *perm)
{
	return ipc_freed(perm);
}

SEC("lsm/msg_queue_free_security")
int BPF_PROG(galgo_msg_queue_freed, struct kern_ipc_perm *perm)
{
	return ipc_freed(perm);
}

/* --- what is done with them ---------------------------------------------------------------------------------------------- */

#define PERM_ARGS 3

/* `args` arguments follow those of the object. */
static __always_inline struct galgo_task *begin_perm(u32 hook, u32 args, struct kern_ipc_perm *perm)
{
	struct galgo_task *t = begin(hook, PERM_ARGS + args, 0);
	struct kern_ipc_perm *p;
	struct galgo_created *c;
	u64 key;

	if (!t)
		return NULL;
	key = plain(t, perm);
	c = bpf_map_lookup_elem(&galgo_ipc, &key);
	p = AS(struct kern_ipc_perm, key);
	t->in.args[0] = p->uid.val | (u64)p->gid.val << 32;
	t->in.args[1] = p->cuid.val | (u64)p->cgid.val << 32;
	t->in.args[2] = p->mode | (u64)(c && c->serial == t->serial ? c->owner : 0) << 32;
	return t;
}

static __always_inline int perm_event(u32 hook, struct kern_ipc_perm *perm, int value)
{
	struct galgo_task *t = begin_perm(hook, 1, perm);

	if (!t)
		return 0;
	t->in.args[PERM_ARGS] = (u32)value;
	return decide_plain_now(t);
}

/* Arguments: PERM, access. */
SEC("lsm/ipc_permission")
int BPF_PROG(galgo_ipc_permission, struct kern_ipc_perm *perm, short flag)
{
	return perm_event(GALGO_HOOK_ipc_permission, perm, (u16)flag);
}

/* Arguments: PERM, flags. */
SEC("lsm/shm_associate")
int BPF_PROG(galgo_shm_associate, struct kern_ipc_perm *perm, int flags)
{
	return perm_event(GALGO_HOOK_shm_associate, perm, flags);
}

/* Arguments: PERM, command. */
SEC("lsm/shm_shmctl")
int BPF_PROG(galgo_shm_shmctl, struct kern_ipc_perm *perm, int cmd)
{
	return perm_event(GALGO_HOOK_shm_shmctl, perm, cmd);
}

/* Arguments: PERM, flags. */
SEC("lsm/shm_shmat")
int BPF_PROG(galgo_shm_shmat, struct kern_ipc_perm *perm, char *address, int flags)
{
	return perm_event(GALGO_HOOK_shm_shmat, perm, flags);
}

/* Arguments: PERM, flags. */
SEC("lsm/sem_associate")
int BPF_PROG(galgo_sem_associate, struct kern_ipc_perm *perm, int flags)
{
	return perm_event(GALGO_HOOK_sem_associate, perm, flags);
}

/* Arguments: PERM, command. */
SEC("lsm/sem_semctl")
int BPF_PROG(galgo_sem_semctl, struct kern_ipc_perm *perm, int cmd)
{
	return perm_event(GALGO_HOOK_sem_semctl, perm, cmd);
}

/* Arguments: PERM, number of operations | whether they change anything << 32. */
SEC("lsm/sem_semop")
int BPF_PROG(galgo_sem_semop, struct kern_ipc_perm *perm, struct sembuf *operations, unsigned int number, int alter)
{
	struct galgo_task *t = begin_perm(GALGO_HOOK_sem_semop, 1, perm);

	if (!t)
		return 0;
	t->in.args[PERM_ARGS] = number | (u64)(u32)alter << 32;
	return decide_now(t);
}

/* Arguments: PERM, flags. */
SEC("lsm/msg_queue_associate")
int BPF_PROG(galgo_msg_queue_associate, struct kern_ipc_perm *perm, int flags)
{
	return perm_event(GALGO_HOOK_msg_queue_associate, perm, flags);
}

/* Arguments: PERM, command. */
SEC("lsm/msg_queue_msgctl")
int BPF_PROG(galgo_msg_queue_msgctl, struct kern_ipc_perm *perm, int cmd)
{
	return perm_event(GALGO_HOOK_msg_queue_msgctl, perm, cmd);
}

/* Arguments: PERM, flags. */
SEC("lsm/msg_queue_msgsnd")
int BPF_PROG(galgo_msg_queue_msgsnd, struct kern_ipc_perm *perm, struct msg_msg *msg, int flags)
{
	return perm_event(GALGO_HOOK_msg_queue_msgsnd, perm, flags);
}

/* Arguments: PERM, TASK that receives (who may be another one than the acting task, that sends), type, mode. */
SEC("lsm/msg_queue_msgrcv")
int BPF_PROG(galgo_msg_queue_msgrcv, struct kern_ipc_perm *perm, struct msg_msg *msg, struct task_struct *target, long type,
	     int mode)
{
	struct galgo_task *t = begin_perm(GALGO_HOOK_msg_queue_msgrcv, 3, perm);

	if (!t)
		return 0;
	t->in.args[PERM_ARGS] = task_word(t, target);
	t->in.args[PERM_ARGS + 1] = type;
	t->in.args[PERM_ARGS + 2] = (u32)mode;
	return decide_now(t);
}

/* --- keys ------------------------------------------------------------------------------------------------------------------ */

/* Arguments: flags, CREDS, securebits. */
SEC("lsm/key_alloc")
int BPF_PROG(galgo_key_alloc, struct key *key, const struct cred *cred, unsigned long flags)
{
	struct galgo_task *t = begin(GALGO_HOOK_key_alloc, 7, 0);

	if (!t)
		return 0;
	t->in.args[0] = flags;
	with_creds(t, 1, cred);
	t->in.args[6] = cred->securebits;
	return decide_plain_now(t);
}

#define KEY_POSSESSED 1ULL

/*
 * Arguments: permission | whether the key is possessed << 16 | securebits << 32, uid | gid << 32 of the key, its flags,
 * CREDS.
 */
SEC("lsm/key_permission")
int BPF_PROG(galgo_key_permission, key_ref_t ref, const struct cred *cred, u32 permission)
{
	struct galgo_task *t = begin(GALGO_HOOK_key_permission, 8, 0);
	struct key *key;
	u64 address = 0;

	if (!t)
		return 0;
	/* a type that the kernel says nothing of: verifiers let a program have it only this way */
	bpf_get_func_arg(ctx, 0, &address);
	key = AS(struct key, address & ~KEY_POSSESSED);
	t->in.args[0] = (permission & 0xffff) | (address & KEY_POSSESSED) << 16 | (u64)cred->securebits << 32;
	t->in.args[1] = key->uid.val | (u64)key->gid.val << 32;
	t->in.args[2] = key->flags;
	with_creds(t, 3, cred);
	return decide_plain_now(t);
}
