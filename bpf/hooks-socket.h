/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Hooks about sockets. A socket is two arguments, SOCK below: family | type << 16 | protocol << 32, and the identity number
 * of who made it in this namespace (0: nobody known). An address is the text: none when there is none, else the bytes of a
 * struct sockaddr as far as they are behaviour:
 *   inet    8 bytes: family, port, address
 *   inet6   28 bytes: family, port, flow, address, scope; 24 bytes without scope, and flow 0, for socket_accept
 *   unix    family and name: a path without its NUL, an abstract name with its leading one. A path that does not begin with
 *           a slash has the task's working directory as an object, which is what it begins at
 *   others  all that was passed, up to 128 bytes
 * Ports are in network order but for socket_accept, where they are in host order. Under the rule ephemeral-port those from
 * 32768 on are told as 0xffff, which is what the rule would make of them.
 */
#pragma once

#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define INET_BYTES 8
#define INET6_BYTES 28
#define INET6_MINIMUM 24
#define MAX_ADDRESS 128
#define EPHEMERAL_PORT 0xffffULL

static __always_inline void sock_args(struct galgo_task *t, u32 at, struct sock *sk, struct galgo_created *c)
{
	struct sock *s = AS(struct sock, plain(t, sk));

	t->in.args[at] = s->__sk_common.skc_family | (u64)s->sk_type << 16 | (u64)s->sk_protocol << 32;
	t->in.args[at + 1] = c && c->serial == t->serial ? c->owner : 0;
}

/*
 * The socket that a task acts with. What owns a socket is who used it first, which is who made it unless it was given away
 * before: to note that for each new socket would cost more than everything else about it, and most are used by their makers.
 */
static __always_inline void with_sock(struct galgo_task *t, u32 at, struct sock *sk)
{
	struct galgo_created *c = sk ? bpf_sk_storage_get(&galgo_socks, sk, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE) : NULL;

	if (c && c->serial != t->serial) {
		c->serial = t->serial;
		c->owner = t->identity;
	}
	sock_args(t, at, sk, c);
}

/* The socket at the other end. */
static __always_inline void with_other_sock(struct galgo_task *t, u32 at, struct sock *sk)
{
	struct galgo_created *c = sk ? bpf_sk_storage_get(&galgo_socks, sk, NULL, 0) : NULL;

	sock_args(t, at, sk, c);
}

/* `args` arguments follow those of the socket. */
static __always_inline struct galgo_task *begin_socket(u32 hook, u32 args, struct socket *sock)
{
	struct galgo_task *t = begin(hook, 2 + args, 0);

	if (t)
		with_sock(t, 0, sock->sk);
	return t;
}

/* Makes the port in the first word of an address one for all ephemeral ones, where the rules do. */
static __always_inline void one_port(struct galgo_task *t, u32 port)
{
	if (port >= FIRST_EPHEMERAL_PORT && has_rule(t, GALGO_RULE_EPHEMERAL_PORT))
		t->scratch[0] |= EPHEMERAL_PORT << 16;
}

static __always_inline u32 port_of(u64 word)
{
	return (word >> 24 & 0xff) | (word >> 8 & 0xff00);
}

/* Makes a struct sockaddr the text of the event. Returns 1 for the name of a local socket below the working directory. */
__noinline int galgo_address(struct galgo_task *t, u64 address, u32 length)
{
	u32 family, first;
	long got;

	if (!t)
		return 0;
	t->in.text = plain(t, t->scratch);
	t->in.text_length = 0;
	if (length > MAX_ADDRESS)
		length = MAX_ADDRESS;
	KEEP(length);
	if (length < 2 || length > MAX_ADDRESS)
		return 0;
	t->scratch[0] = 0;
	t->scratch[3] = 0;
	bpf_probe_read_kernel(t->scratch, length, (void *)address);
	family = t->scratch[0] & 0xffff;
	first = t->scratch[0] >> 16 & 0xff;
	t->in.text_length = length;
	if (family == AF_INET && length >= INET_BYTES) {
		t->in.text_length = INET_BYTES;
		one_port(t, port_of(t->scratch[0]));
	} else if (family == AF_INET6 && length >= INET6_MINIMUM) {
		t->in.text_length = INET6_BYTES;
		one_port(t, port_of(t->scratch[0]));
	} else if (family == AF_UNIX && length > 2 && first) {
		got = bpf_probe_read_kernel_str((char *)t->scratch + 2, length - 1, (void *)(address + 2));
		t->in.text_length = got > 0 ? got + 1 : 2;
		return first != '/';
	}
	return 0;
}

static __always_inline void with_sockaddr(struct galgo_task *t, const void *address, u32 length)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (galgo_address(t, plain(t, address), length)) {
		struct fs_struct *fs = task->fs;

		t->in.nobjects = 1;
		with_addresses(t, 0, plain(t, fs->pwd.dentry), plain(t, fs->pwd.mnt));
	}
}

/* Arguments: family, type, protocol, whether it is one of the kernel's own. */
SEC("lsm.s/socket_create")
int BPF_PROG(galgo_socket_create, int family, int type, int protocol, int kern)
{
	struct galgo_task *t = begin(GALGO_HOOK_socket_create, 4, 0);

	if (!t)
		return 0;
	t->in.args[0] = (u32)family;
	t->in.args[1] = (u32)type;
	t->in.args[2] = (u32)protocol;
	t->in.args[3] = (u32)kern;
	return decide_plain(t);
}

/* Arguments: SOCK, SOCK. */
SEC("lsm.s/socket_socketpair")
int BPF_PROG(galgo_socket_socketpair, struct socket *a, struct socket *b)
{
	struct galgo_task *t = begin_socket(GALGO_HOOK_socket_socketpair, 2, a);

	if (!t)
		return 0;
	with_sock(t, 2, b->sk);
	return decide(t);
}

/* Arguments: SOCK. Text: the address. */
SEC("lsm.s/socket_connect")
int BPF_PROG(galgo_socket_connect, struct socket *sock, struct sockaddr *address, int length)
{
	struct galgo_task *t = begin_socket(GALGO_HOOK_socket_connect, 0, sock);

	if (!t)
		return 0;
	with_sockaddr(t, address, length);
	return decide(t);
}

/* Arguments: SOCK. Text: the address. */
SEC("lsm.s/socket_bind")
int BPF_PROG(galgo_socket_bind, struct socket *sock, struct sockaddr *address, int length)
{
	struct galgo_task *t = begin_socket(GALGO_HOOK_socket_bind, 0, sock);

	if (!t)
		return 0;
	with_sockaddr(t, address, length);
	return decide(t);
}

/* The address that a socket listens at. */
__noinline int galgo_local_address(struct galgo_task *t, u64 sk)
{
	struct sock_common *common;
	u64 family, port;

	if (!t)
		return 0;
	common = &AS(struct sock, sk)->__sk_common;
	family = common->skc_family;
	port = common->skc_num;
	t->in.text = plain(t, t->scratch);
	t->scratch[0] = family | port << 16;
	if (family == AF_INET) {
		t->scratch[0] |= (u64)common->skc_rcv_saddr << 32;
		t->in.text_length = INET_BYTES;
		one_port(t, port);
	} else if (family == AF_INET6) {
		u64 at = sk + bpf_core_field_offset(struct sock, __sk_common) +
			 bpf_core_field_offset(struct sock_common, skc_v6_rcv_saddr);

		t->scratch[1] = word_at(at);
		t->scratch[2] = word_at(at + 8);
		t->in.text_length = INET6_MINIMUM;
		one_port(t, port);
	} else if (family == AF_UNIX) {
		u64 address = plain(t, AS(struct unix_sock, sk)->addr);

		galgo_address(t, address + bpf_core_field_offset(struct unix_address, name), AS(struct unix_address, address)->len);
	} else {
		t->in.text = 0;
	}
	return 0;
}

/* Arguments: SOCK. Text: the address that is listened at; its port in host order. */
SEC("lsm.s/socket_accept")
int BPF_PROG(galgo_socket_accept, struct socket *sock, struct socket *newsock)
{
	struct galgo_task *t = begin_socket(GALGO_HOOK_socket_accept, 0, sock);

	if (!t)
		return 0;
	galgo_local_address(t, plain(t, sock->sk));
	return decide(t);
}

/* Arguments: SOCK, backlog. */
SEC("lsm.s/socket_listen")
int BPF_PROG(galgo_socket_listen, struct socket *sock, int backlog)
{
	struct galgo_task *t = begin_socket(GALGO_HOOK_socket_listen, 1, sock);

	if (!t)
		return 0;
	t->in.args[2] = (u32)backlog;
	return decide(t);
}

/* What the kernel sends and receives through sockets of its own is not what the task does: it may hold locks meanwhile. */
static __always_inline bool is_kernels(struct galgo_task *t, struct socket *sock)
{
	struct sock *sk = AS(struct sock, plain(t, sock->sk));

	return BPF_CORE_READ_BITFIELD(sk, sk_kern_sock);
}

/* Arguments: SOCK. Text: the address that the message is for, when it names one. */
SEC("lsm.s/socket_sendmsg")
int BPF_PROG(galgo_socket_sendmsg, struct socket *sock, struct msghdr *msg, int size)
{
	struct galgo_task *t = begin_socket(GALGO_HOOK_socket_sendmsg, 0, sock);

	if (!t || is_kernels(t, sock))
		return 0;
	if (msg->msg_name && msg->msg_namelen > 0)
		with_sockaddr(t, msg->msg_name, msg->msg_namelen);
	return decide(t);
}

/* Arguments: SOCK. */
SEC("lsm.s/socket_recvmsg")
int BPF_PROG(galgo_socket_recvmsg, struct socket *sock, struct msghdr *msg, int size, int flags)
{
	struct galgo_task *t = begin_socket(GALGO_HOOK_socket_recvmsg, 0, sock);

	if (!t || is_kernels(t, sock))
		return 0;
	return decide(t);
}

/* Arguments: SOCK. */
SEC("lsm.s/socket_getsockname")
int BPF_PROG(galgo_socket_getsockname, struct socket *sock)
{
	struct galgo_task *t = begin_socket(GALGO_HOOK_socket_getsockname, 0, sock);

	return t ? decide(t) : 0;
}

/* Arguments: SOCK. */
SEC("lsm.s/socket_getpeername")
int BPF_PROG(galgo_socket_getpeername, struct socket *sock)
{
	struct galgo_task *t = begin_socket(GALGO_HOOK_socket_getpeername, 0, sock);

	return t ? decide(t) : 0;
}

/* Arguments: SOCK, level | option << 32. */
SEC("lsm/socket_setsockopt")
int BPF_PROG(galgo_socket_setsockopt, struct socket *sock, int level, int option)
{
	struct galgo_task *t = begin_socket(GALGO_HOOK_socket_setsockopt, 1, sock);

	if (!t)
		return 0;
	t->in.args[2] = (u32)level | (u64)(u32)option << 32;
	return decide_now(t);
}

/* Arguments: SOCK, how. */
SEC("lsm.s/socket_shutdown")
int BPF_PROG(galgo_socket_shutdown, struct socket *sock, int how)
{
	struct galgo_task *t = begin_socket(GALGO_HOOK_socket_shutdown, 1, sock);

	if (!t)
		return 0;
	t->in.args[2] = (u32)how;
	return decide(t);
}

/* Arguments: SOCK, SOCK of who listens. */
SEC("lsm/unix_stream_connect")
int BPF_PROG(galgo_unix_stream_connect, struct sock *sock, struct sock *other, struct sock *newsk)
{
	struct galgo_task *t = begin(GALGO_HOOK_unix_stream_connect, 4, 0);

	if (!t)
		return 0;
	with_sock(t, 0, sock);
	with_other_sock(t, 2, other);
	return decide_plain_now(t);
}

/* Arguments: SOCK, SOCK of who receives. */
SEC("lsm/unix_may_send")
int BPF_PROG(galgo_unix_may_send, struct socket *sock, struct socket *other)
{
	struct galgo_task *t = begin_socket(GALGO_HOOK_unix_may_send, 2, sock);

	if (!t)
		return 0;
	with_other_sock(t, 2, other->sk);
	return decide_now(t);
}

/*
 * Arguments: SOCK, uid | gid << 32, portid | group << 32, flags | whether a network namespace is named << 32, which.
 * Under the rule ephemeral-port every portid but 0 is told as 0xffff.
 */
SEC("lsm.s/netlink_send")
int BPF_PROG(galgo_netlink_send, struct sock *sk, struct sk_buff *skb)
{
	struct galgo_task *t = begin(GALGO_HOOK_netlink_send, 6, 0);
	struct netlink_skb_parms *p;
	u32 port;

	if (!t)
		return 0;
	p = AS(struct netlink_skb_parms, plain(t, skb) + bpf_core_field_offset(struct sk_buff, cb));
	port = p->portid;
	if (port && has_rule(t, GALGO_RULE_EPHEMERAL_PORT))
		port = EPHEMERAL_PORT;
	with_sock(t, 0, sk);
	t->in.args[2] = p->creds.uid.val | (u64)p->creds.gid.val << 32;
	t->in.args[3] = port | (u64)p->dst_group << 32;
	t->in.args[4] = p->flags | (u64)p->nsid_is_set << 32;
	t->in.args[5] = (u32)p->nsid;
	return decide_plain(t);
}
