// SPDX-License-Identifier: Apache-2.0
// The kernel as the launcher sees it: six-argument system calls, the numbers it uses and the few structures of the
// user ABI it needs, for x86-64 and aarch64. There is no C library below this.
#ifndef GALGO_SYSCALLS_H
#define GALGO_SYSCALLS_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef int i32;
typedef unsigned long u64;

#if defined(__x86_64__)

enum {
  NR_read = 0, NR_write = 1, NR_close = 3, NR_rt_sigaction = 13, NR_rt_sigprocmask = 14, NR_ioctl = 16,
  NR_sendmsg = 46, NR_recvmsg = 47, NR_clone = 56, NR_execve = 59, NR_wait4 = 61, NR_kill = 62, NR_fcntl = 72,
  NR_getppid = 110, NR_getpgid = 121, NR_setpriority = 141, NR_rt_sigtimedwait = 128, NR_prctl = 157, NR_getdents64 = 217,
  NR_exit_group = 231, NR_openat = 257, NR_capget = 125, NR_capset = 126, NR_unlinkat = 263, NR_readlinkat = 267, NR_ppoll = 271, NR_signalfd4 = 289,
  NR_pipe2 = 293, NR_prlimit64 = 302, NR_seccomp = 317, NR_clone3 = 435, NR_close_range = 436, NR_landlock_restrict_self = 446, NR_getpid = 39, NR_clock_gettime = 228,
  NR_sendfile = 40, NR_socket = 41, NR_connect = 42, NR_socketpair = 53, NR_setsockopt = 54, NR_getsockopt = 55, NR_getcwd = 79, NR_getuid = 102, NR_newfstatat = 262,
  NR_faccessat = 269, NR_dup3 = 292, NR_memfd_create = 319,
};
struct stat { u64 device, inode, links; u32 mode, uid, gid, pad; u64 rdev; long size; long rest[11]; };
enum { O_DIRECTORY = 0200000 };

static inline long sys6(long n, long a, long b, long c, long d, long e, long f) {
  long result;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}

// the stack pointer at entry points at argc
__asm__(".globl _start\n_start:\n  xor %ebp, %ebp\n  mov %rsp, %rdi\n  and $-16, %rsp\n  call start\n  hlt\n");

#elif defined(__aarch64__)

enum {
  NR_fcntl = 25, NR_ioctl = 29, NR_unlinkat = 35, NR_openat = 56, NR_close = 57, NR_pipe2 = 59, NR_getdents64 = 61,
  NR_read = 63, NR_write = 64, NR_ppoll = 73, NR_signalfd4 = 74, NR_readlinkat = 78, NR_exit_group = 94, NR_kill = 129, NR_setpriority = 140,
  NR_rt_sigaction = 134, NR_rt_sigprocmask = 135, NR_rt_sigtimedwait = 137, NR_getpgid = 155, NR_prctl = 167,
  NR_getpid = 172, NR_getppid = 173, NR_sendmsg = 211, NR_recvmsg = 212, NR_clone = 220, NR_execve = 221,
  NR_wait4 = 260, NR_prlimit64 = 261, NR_seccomp = 277, NR_capget = 90, NR_capset = 91, NR_clone3 = 435, NR_close_range = 436, NR_landlock_restrict_self = 446, NR_clock_gettime = 113,
  NR_sendfile = 71, NR_socket = 198, NR_connect = 203, NR_socketpair = 199, NR_setsockopt = 208, NR_getsockopt = 209, NR_getcwd = 17, NR_getuid = 174, NR_newfstatat = 79,
  NR_faccessat = 48, NR_dup3 = 24, NR_memfd_create = 279,
};
struct stat { u64 device, inode; u32 mode, links, uid, gid; u64 rdev, pad; long size; long rest[9]; };
enum { O_DIRECTORY = 040000 };

static inline long sys6(long n, long a, long b, long c, long d, long e, long f) {
  register long x8 __asm__("x8") = n;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = f;
  __asm__ volatile("svc 0"
                   : "+r"(x0)
                   : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                   : "memory");
  return x0;
}

__asm__(".globl _start\n_start:\n  mov x29, xzr\n  mov x30, xzr\n  mov x0, sp\n  bl start\n");

#else
#error "Galgo's launcher knows x86-64 and aarch64 only; elsewhere the Node launcher is used"
#endif

#define sys5(n, a, b, c, d, e) sys6(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#define sys4(n, a, b, c, d) sys5(n, a, b, c, d, 0)
#define sys3(n, a, b, c) sys5(n, a, b, c, 0, 0)
#define sys2(n, a, b) sys5(n, a, b, 0, 0, 0)
#define sys1(n, a) sys5(n, a, 0, 0, 0, 0)
#define sys0(n) sys5(n, 0, 0, 0, 0, 0)

enum { EPERM = 1, ENOENT = 2, ESRCH = 3, ECHILD = 10, EINVAL = 22 };
enum { AT_FDCWD = -100, AT_REMOVEDIR = 0x200 };
enum { O_RDONLY = 0, O_WRONLY = 1, O_RDWR = 2, O_NOCTTY = 0400, O_NONBLOCK = 04000, O_CLOEXEC = 02000000 };
enum { F_SETFD = 2, FD_CLOEXEC = 1, CLOSE_RANGE_UNSHARE = 2 };
enum { SIGKILL = 9, SIGCHLD = 17, SIGCONT = 18, SIGSTOP = 19, NSIG = 64 };
enum { SIG_SETMASK = 2, CLONE_FILES = 0x400 };
enum { WNOHANG = 1, WUNTRACED = 2, WCONTINUED = 8, WALL = 0x40000000 };
enum { SOL_SOCKET = 1, SCM_RIGHTS = 1, MSG_TRUNC = 0x20, MSG_DONTWAIT = 0x40, MSG_NOSIGNAL = 0x4000, MSG_CMSG_CLOEXEC = 0x40000000 };
enum { POLLIN = 1, RLIMIT_NOFILE = 7, CLOCK_MONOTONIC = 1, TIOCGPGRP = 0x540f, TIOCSPGRP = 0x5410 };
enum { PR_SET_PDEATHSIG = 1, PR_SET_DUMPABLE = 4, PR_SET_NAME = 15, PR_SET_CHILD_SUBREAPER = 36, PR_SET_NO_NEW_PRIVS = 38 };
enum { PRIO_PROCESS = 0 };
enum { PR_CAPBSET_DROP = 24, PR_CAP_AMBIENT = 47, PR_CAP_AMBIENT_LOWER = 3, CAP_MAC_ADMIN = 33, CAP_VERSION_3 = 0x20080522 };
enum { SECCOMP_SET_MODE_FILTER = 1, FILTER_SPEC_ALLOW = 4, FILTER_NEW_LISTENER = 8, FILTER_WAIT_KILLABLE_RECV = 32 };

static const u64 CLONE_INTO_CGROUP = 0x200000000;
struct clone_args { u64 flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup; };
struct iovec { void *base; u64 length; };
struct msghdr { void *name; u32 name_length; struct iovec *iov; u64 iov_count; void *control; u64 control_length; i32 flags; };
// one descriptor (length 20), or two (24)
struct cmsg_fd { u64 length; i32 level; i32 type; i32 fd; i32 second; };
struct pollfd { i32 fd; short events; short revents; };
struct timespec { long seconds; long nanoseconds; };
struct sigaction { u64 handler; u64 flags; u64 restorer; u64 mask; };
struct rlimit { u64 soft; u64 hard; };
struct cap_header { u32 version; i32 pid; };
struct cap_data { u32 effective, permitted, inheritable; };
struct sock_filter { u16 code; u8 jt; u8 jf; u32 k; };
struct sock_fprog { u16 length; struct sock_filter *filter; };
struct dirent { u64 inode; u64 offset; u16 length; u8 type; char name[]; };

#endif
