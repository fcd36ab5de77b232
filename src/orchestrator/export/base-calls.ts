// SPDX-License-Identifier: Apache-2.0
// System calls that Galgo does not look at, of x86-64 and aarch64. No model says whether a workload makes them, so a filter that is
// made from one has to let them pass. docs/export.md says why each group is none of Galgo's business.

/** Reading, writing and waiting through descriptors that are open already. */
const DESCRIPTORS =
  "close close_range copy_file_range dup dup2 dup3 epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait eventfd eventfd2 " +
  "fadvise64 fallocate fdatasync flock fsync getdents getdents64 io_cancel io_destroy io_getevents io_pgetevents io_setup io_submit lseek pipe pipe2 " +
  "poll ppoll pread64 preadv preadv2 pselect6 pwrite64 pwritev pwritev2 read readahead readv select sendfile signalfd signalfd4 splice sync sync_file_range " +
  "syncfs tee timerfd_create timerfd_gettime timerfd_settime vmsplice write writev";

/** Looking at names and attributes, folders of work, watching, times of files. */
const NAMES =
  "access chdir faccessat faccessat2 fanotify_mark fchdir fgetxattr file_getattr flistxattr fstat fstatfs futimesat getcwd getxattr getxattrat inotify_add_watch " +
  "inotify_init inotify_init1 inotify_rm_watch lgetxattr listmount listxattr listxattrat llistxattr lstat name_to_handle_at newfstatat readlink readlinkat stat " +
  "statfs statmount statx umask ustat utime utimensat utimes";

const SOCKETS = "getpeername getsockname getsockopt recvfrom recvmmsg recvmsg setsockopt shutdown";

const MEMORY =
  "brk cachestat get_mempolicy madvise map_shadow_stack mbind membarrier mincore mlock mlock2 mlockall mremap mseal msync munlock munlockall munmap pkey_alloc " +
  "pkey_free remap_file_pages set_mempolicy set_mempolicy_home_node";

/** Processes and threads: birth, end, waiting, what they ask of themselves. */
const TASKS =
  "arch_prctl capget exit exit_group fork futex futex_requeue futex_wait futex_waitv futex_wake get_robust_list get_thread_area getcpu getegid geteuid getgid " +
  "getgroups getitimer getpgid getpgrp getpid getppid getpriority getrandom getresgid getresuid getrlimit getrusage getsid gettid getuid ioprio_get " +
  "landlock_add_rule landlock_create_ruleset lsm_get_self_attr lsm_list_modules pause pidfd_open restart_syscall rseq sched_get_priority_max sched_get_priority_min " +
  "sched_getaffinity sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval sched_yield seccomp set_robust_list set_thread_area set_tid_address setitimer " +
  "setpgid setsid sysinfo times uname uretprobe vfork wait4 waitid";

const SIGNALS =
  "alarm rt_sigaction rt_sigpending rt_sigprocmask rt_sigreturn rt_sigsuspend rt_sigtimedwait sigaltstack";

const TIME =
  "clock_getres clock_gettime clock_nanosleep gettimeofday nanosleep time timer_create timer_delete timer_getoverrun timer_gettime timer_settime";

/** Messages and semaphores that were opened: what asks for them is looked at. */
const IPC =
  "mq_getsetattr mq_notify mq_timedreceive mq_timedsend msgrcv msgsnd semop semtimedop shmdt";

/** Allowed whatever a model says. */
export const BASE_CALLS: readonly string[] = [
  DESCRIPTORS,
  NAMES,
  SOCKETS,
  MEMORY,
  TASKS,
  SIGNALS,
  TIME,
  IPC,
]
  .flatMap((group) => group.split(" "))
  .sort();

/** Calls that no kernel of today has, or that only say that they are not there. A filter need not know them. */
export const DEAD_CALLS: readonly string[] =
  "_sysctl afs_syscall create_module epoll_ctl_old epoll_wait_old get_kernel_syms getpmsg nfsservctl putpmsg query_module security sysfs tuxcall vserver".split(
    " ",
  );

/** Known to libseccomp 2.5.4 and systemd 252 not yet: named apart, where an unknown name is worth a warning. */
export const RECENT_CALLS: ReadonlySet<string> = new Set(
  (
    "file_getattr file_setattr getxattrat listmount listxattrat lsm_get_self_attr lsm_list_modules lsm_set_self_attr mseal open_tree_attr removexattrat " +
    "setxattrat statmount uretprobe"
  ).split(" "),
);
