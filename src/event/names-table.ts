// SPDX-License-Identifier: Apache-2.0
// Names of the numbers that Linux uses in events, as far as they are the same on x86-64 and aarch64. For people only.

/** Names by number, from lists of [number, name]. */
export type NameTable = ReadonlyMap<number, string>;

const table = (...entries: readonly (readonly [number, string])[]): NameTable => new Map(entries);
const listed = (names: string): NameTable =>
  new Map(names.split(" ").map((name, number) => [number, name]));

export const FAMILIES: NameTable = table(
  [1, "unix"],
  [2, "inet"],
  [10, "inet6"],
  [15, "key"],
  [16, "netlink"],
  [17, "packet"],
  [29, "can"],
  [31, "bluetooth"],
  [38, "alg"],
  [40, "vsock"],
  [44, "xdp"],
);

export const SOCKET_TYPES: NameTable = table(
  [1, "stream"],
  [2, "datagram"],
  [3, "raw"],
  [4, "rdm"],
  [5, "seqpacket"],
  [10, "packet"],
);

export const IP_PROTOCOLS: NameTable = table(
  [1, "icmp"],
  [6, "tcp"],
  [17, "udp"],
  [58, "icmpv6"],
  [132, "sctp"],
  [136, "udplite"],
  [255, "raw"],
  [262, "mptcp"],
);

export const NETLINK_PROTOCOLS: NameTable = table(
  [0, "route"],
  [4, "sock-diag"],
  [6, "xfrm"],
  [7, "selinux"],
  [9, "audit"],
  [11, "connector"],
  [12, "netfilter"],
  [15, "kobject-uevent"],
  [16, "generic"],
);

export const SIGNALS: NameTable = new Map(
  (
    "SIGHUP SIGINT SIGQUIT SIGILL SIGTRAP SIGABRT SIGBUS SIGFPE SIGKILL SIGUSR1 SIGSEGV SIGUSR2 SIGPIPE SIGALRM SIGTERM " +
    "SIGSTKFLT SIGCHLD SIGCONT SIGSTOP SIGTSTP SIGTTIN SIGTTOU SIGURG SIGXCPU SIGXFSZ SIGVTALRM SIGPROF SIGWINCH SIGIO " +
    "SIGPWR SIGSYS"
  )
    .split(" ")
    .map((name, i) => [i + 1, name]),
);

export const CAPABILITIES: NameTable = listed(
  "chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable net_bind_service " +
    "net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin " +
    "sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap mac_override " +
    "mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore",
);

export const PRCTL_OPTIONS: NameTable = table(
  [1, "PR_SET_PDEATHSIG"],
  [2, "PR_GET_PDEATHSIG"],
  [3, "PR_GET_DUMPABLE"],
  [4, "PR_SET_DUMPABLE"],
  [7, "PR_GET_KEEPCAPS"],
  [8, "PR_SET_KEEPCAPS"],
  [15, "PR_SET_NAME"],
  [16, "PR_GET_NAME"],
  [21, "PR_GET_SECCOMP"],
  [22, "PR_SET_SECCOMP"],
  [23, "PR_CAPBSET_READ"],
  [24, "PR_CAPBSET_DROP"],
  [27, "PR_GET_SECUREBITS"],
  [28, "PR_SET_SECUREBITS"],
  [29, "PR_SET_TIMERSLACK"],
  [35, "PR_SET_MM"],
  [36, "PR_SET_CHILD_SUBREAPER"],
  [38, "PR_SET_NO_NEW_PRIVS"],
  [39, "PR_GET_NO_NEW_PRIVS"],
  [47, "PR_CAP_AMBIENT"],
  [53, "PR_SET_SPECULATION_CTRL"],
  [59, "PR_SET_SYSCALL_USER_DISPATCH"],
  [62, "PR_SCHED_CORE"],
  [65, "PR_SET_MDWE"],
  [0x53564d41, "PR_SET_VMA"],
  [0x59616d61, "PR_SET_PTRACER"],
);

export const IOCTLS: NameTable = table(
  [0x5401, "TCGETS"],
  [0x5402, "TCSETS"],
  [0x540e, "TIOCSCTTY"],
  [0x5410, "TIOCSPGRP"],
  [0x5412, "TIOCSTI"],
  [0x5413, "TIOCGWINSZ"],
  [0x5414, "TIOCSWINSZ"],
  [0x541c, "TIOCLINUX"],
  [0x541d, "TIOCCONS"],
  [0x5423, "TIOCSETD"],
  [0x40049409, "FICLONE"],
  [0xb701, "NS_GET_USERNS"],
);

/** Commands of fcntl(2). */
export const FCNTL_COMMANDS: NameTable = table(
  [0, "F_DUPFD"],
  [1, "F_GETFD"],
  [2, "F_SETFD"],
  [3, "F_GETFL"],
  [4, "F_SETFL"],
  [5, "F_GETLK"],
  [6, "F_SETLK"],
  [7, "F_SETLKW"],
  [8, "F_SETOWN"],
  [9, "F_GETOWN"],
  [10, "F_SETSIG"],
  [11, "F_GETSIG"],
  [15, "F_SETOWN_EX"],
  [16, "F_GETOWN_EX"],
  [36, "F_OFD_GETLK"],
  [37, "F_OFD_SETLK"],
  [38, "F_OFD_SETLKW"],
  [1024, "F_SETLEASE"],
  [1025, "F_GETLEASE"],
  [1026, "F_NOTIFY"],
  [1030, "F_DUPFD_CLOEXEC"],
  [1031, "F_SETPIPE_SZ"],
  [1032, "F_GETPIPE_SZ"],
  [1033, "F_ADD_SEALS"],
  [1034, "F_GET_SEALS"],
);

/** What is done by a command of file_lock; `*` is the file. */
export const LOCKS: NameTable = table(
  [0, "locks * for reading"],
  [1, "locks * for writing"],
  [2, "unlocks *"],
);

/** Resources of setrlimit(2). */
export const LIMITS: NameTable = listed(
  "cpu fsize data stack core rss nproc nofile memlock as locks sigpending msgqueue nice rtprio rttime",
);

/** Levels of socket options. */
export const SOCKET_LEVELS: NameTable = table(
  [0, "ip"],
  [1, "socket"],
  [6, "tcp"],
  [17, "udp"],
  [41, "ipv6"],
  [58, "icmpv6"],
  [255, "raw"],
  [263, "packet"],
  [270, "netlink"],
  [278, "alg"],
);

/** Options of the level of sockets. */
export const SOCKET_OPTIONS: NameTable = table(
  [1, "SO_DEBUG"],
  [2, "SO_REUSEADDR"],
  [5, "SO_DONTROUTE"],
  [6, "SO_BROADCAST"],
  [7, "SO_SNDBUF"],
  [8, "SO_RCVBUF"],
  [9, "SO_KEEPALIVE"],
  [10, "SO_OOBINLINE"],
  [12, "SO_PRIORITY"],
  [13, "SO_LINGER"],
  [15, "SO_REUSEPORT"],
  [16, "SO_PASSCRED"],
  [18, "SO_RCVLOWAT"],
  [20, "SO_RCVTIMEO"],
  [21, "SO_SNDTIMEO"],
  [25, "SO_BINDTODEVICE"],
  [26, "SO_ATTACH_FILTER"],
  [27, "SO_DETACH_FILTER"],
  [29, "SO_TIMESTAMP"],
  [32, "SO_SNDBUFFORCE"],
  [33, "SO_RCVBUFFORCE"],
  [36, "SO_MARK"],
  [50, "SO_ATTACH_BPF"],
);

const IPC_COMMANDS = [
  [0, "IPC_RMID"],
  [1, "IPC_SET"],
  [2, "IPC_STAT"],
  [3, "IPC_INFO"],
] as const;
export const SHM_COMMANDS: NameTable = table(
  ...IPC_COMMANDS,
  [11, "SHM_LOCK"],
  [12, "SHM_UNLOCK"],
  [13, "SHM_STAT"],
  [14, "SHM_INFO"],
  [15, "SHM_STAT_ANY"],
);
export const SEM_COMMANDS: NameTable = table(
  ...IPC_COMMANDS,
  [11, "GETPID"],
  [12, "GETVAL"],
  [13, "GETALL"],
  [14, "GETNCNT"],
  [15, "GETZCNT"],
  [16, "SETVAL"],
  [17, "SETALL"],
  [18, "SEM_STAT"],
  [19, "SEM_INFO"],
  [20, "SEM_STAT_ANY"],
);
export const MSG_COMMANDS: NameTable = table(
  ...IPC_COMMANDS,
  [11, "MSG_STAT"],
  [12, "MSG_INFO"],
  [13, "MSG_STAT_ANY"],
);

export const BPF_MAPS: NameTable = listed(
  "unspec hash array prog_array perf_event_array percpu_hash percpu_array stack_trace cgroup_array lru_hash " +
    "lru_percpu_hash lpm_trie array_of_maps hash_of_maps devmap sockmap cpumap xskmap sockhash cgroup_storage " +
    "reuseport_sockarray percpu_cgroup_storage queue stack sk_storage devmap_hash struct_ops ringbuf inode_storage " +
    "task_storage bloom_filter user_ringbuf cgrp_storage arena",
);

export const BPF_PROGRAMS: NameTable = listed(
  "unspec socket_filter kprobe sched_cls sched_act tracepoint xdp perf_event cgroup_skb cgroup_sock lwt_in lwt_out " +
    "lwt_xmit sock_ops sk_skb cgroup_device sk_msg raw_tracepoint cgroup_sock_addr lwt_seg6local lirc_mode2 " +
    "sk_reuseport flow_dissector cgroup_sysctl raw_tracepoint_writable cgroup_sockopt tracing struct_ops ext lsm " +
    "sk_lookup syscall netfilter",
);

export const BPF_COMMANDS: NameTable = listed(
  "BPF_MAP_CREATE BPF_MAP_LOOKUP_ELEM BPF_MAP_UPDATE_ELEM BPF_MAP_DELETE_ELEM BPF_MAP_GET_NEXT_KEY BPF_PROG_LOAD " +
    "BPF_OBJ_PIN BPF_OBJ_GET BPF_PROG_ATTACH BPF_PROG_DETACH BPF_PROG_TEST_RUN BPF_PROG_GET_NEXT_ID " +
    "BPF_MAP_GET_NEXT_ID BPF_PROG_GET_FD_BY_ID BPF_MAP_GET_FD_BY_ID BPF_OBJ_GET_INFO_BY_FD BPF_PROG_QUERY " +
    "BPF_RAW_TRACEPOINT_OPEN BPF_BTF_LOAD BPF_BTF_GET_FD_BY_ID BPF_TASK_FD_QUERY BPF_MAP_LOOKUP_AND_DELETE_ELEM " +
    "BPF_MAP_FREEZE BPF_BTF_GET_NEXT_ID BPF_MAP_LOOKUP_BATCH BPF_MAP_LOOKUP_AND_DELETE_BATCH BPF_MAP_UPDATE_BATCH " +
    "BPF_MAP_DELETE_BATCH BPF_LINK_CREATE BPF_LINK_UPDATE BPF_LINK_GET_FD_BY_ID BPF_LINK_GET_NEXT_ID " +
    "BPF_ENABLE_STATS BPF_ITER_CREATE BPF_LINK_DETACH BPF_PROG_BIND_MAP BPF_TOKEN_CREATE",
);

/** What the kernel reads a file or data as (kernel_read_file, kernel_load_data). */
export const KERNEL_DATA: NameTable = listed(
  "data firmware module kexec-image kexec-initramfs security-policy x509-certificate",
);

/** Bits of mount flags. */
export const MOUNT_FLAGS: NameTable = table(
  [1, "ro"],
  [2, "nosuid"],
  [4, "nodev"],
  [8, "noexec"],
  [32, "remount"],
  [0x1000, "bind"],
  [0x2000, "move"],
  [0x4000, "rec"],
  [1 << 17, "unbindable"],
  [1 << 18, "private"],
  [1 << 19, "slave"],
  [1 << 20, "shared"],
);

/** Commands of syslog(2). */
export const SYSLOG_ACTIONS: NameTable = table(
  [2, "reads the kernel log"],
  [3, "reads the whole kernel log"],
  [4, "reads and clears the kernel log"],
  [5, "clears the kernel log"],
  [6, "silences the console"],
  [7, "unsilences the console"],
  [8, "sets the console level"],
);

/** Name of a number, or the number itself in decimal or hex. */
export function nameOf(names: NameTable, number: number, radix: 10 | 16 = 10): string {
  return names.get(number) ?? (radix === 16 ? `0x${number.toString(16)}` : String(number));
}

/** Names of the bits that are set. */
export function bitsOf(names: NameTable, mask: number): readonly string[] {
  return [...names].flatMap(([bit, name]) => ((mask & bit) === bit ? [name] : []));
}
