// SPDX-License-Identifier: Apache-2.0
// hooks [-l] [CASE...]: one system call for each hook of src/event that a guest can cause. A line for each case: its name, the
// hook, what was expected and what came: 0 or the number of an errno, or `-` and why it could not be tried. Needs root; makes
// everything it needs in a directory of its own, so that each run does the same. Ends with 1 when something was not expected.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/keyctl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#define DIRECTORY "/tmp/galgo-hooks"
#define PORT 17171
#define IPC_KEY 0x67616c67
#define SKIPPED (-1)
#define EXIT_CHILD "galgo-hooks-exit"

static const char *why; /* a case was skipped */
static int file = -1;	/* ./file, open for reading and writing */

static int skip(const char *reason)
{
	why = reason;
	return SKIPPED;
}

/* What a case returns for the result of a system call. */
static int outcome(long result)
{
	return result < 0 ? errno : 0;
}

static void need(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "hooks: %s: %s\n", what, strerror(errno));
	exit(2);
}

/* Runs a case in a process of its own, when it changes what the process is. */
static int in_child(int (*work)(void))
{
	int status;
	pid_t child = fork();

	if (child == 0)
		_exit(work());
	if (child < 0 || waitpid(child, &status, 0) != child)
		return errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

/* A child that waits to be ended. */
static pid_t idle_child(void)
{
	pid_t child = fork();

	if (child == 0)
		for (;;)
			pause();
	return child;
}

static int end_child(pid_t child, int result)
{
	if (child <= 0)
		return errno;
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	return result;
}

#define WITH_CHILD(call)                                                   \
	do {                                                               \
		pid_t child = idle_child();                                \
		int result = child < 0 ? errno : outcome((long)(call)); \
		return end_child(child, result);                           \
	} while (0)

/* --- files ------------------------------------------------------------------------------------------------------------- */

static int file_open(void)
{
	int fd = open("file", O_RDONLY);
	int result = outcome(fd);

	close(fd);
	return result;
}

static int file_receive(void)
{
	int pair[2], received = -1, result;
	char byte = 'x', room[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec data = {&byte, 1};
	struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(room)};
	struct cmsghdr *part = CMSG_FIRSTHDR(&message);

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		return errno;
	part->cmsg_level = SOL_SOCKET;
	part->cmsg_type = SCM_RIGHTS;
	part->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(part), &file, sizeof(int));
	result = outcome(sendmsg(pair[0], &message, 0));
	message.msg_controllen = sizeof(room);
	if (!result)
		result = outcome(recvmsg(pair[1], &message, 0));
	part = CMSG_FIRSTHDR(&message);
	if (part)
		memcpy(&received, CMSG_DATA(part), sizeof(int));
	else if (!result)
		result = EBADMSG; /* the message came, the descriptor was refused */
	close(received);
	close(pair[0]);
	close(pair[1]);
	return result;
}

static int file_ioctl(void)
{
	int left;

	return outcome(ioctl(file, FIONREAD, &left));
}

#ifdef __x86_64__
/* ioctl by the entry of 32-bit programs. */
static int compat_ioctl(void)
{
	int *left = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	long result;

	if (left == MAP_FAILED)
		return 255;
	__asm__ volatile("int $0x80" : "=a"(result) : "a"(54L), "b"((long)file), "c"((long)FIONREAD), "d"(left) : "memory");
	return result < 0 ? -result : 0;
}
#endif

static int file_ioctl_compat(void)
{
#ifdef __x86_64__
	int result = in_child(compat_ioctl);

	return result == 255 || result == ENOSYS ? skip("no 32-bit programs here") : result;
#else
	return skip("no entry of 32-bit programs");
#endif
}

static int file_lock(void)
{
	int result = outcome(flock(file, LOCK_SH));

	flock(file, LOCK_UN);
	return result;
}

static int file_fcntl(void)
{
	return outcome(fcntl(file, F_SETSIG, 0));
}

static int map(int protection, int flags, int fd)
{
	void *at = mmap(NULL, 4096, protection, flags, fd, 0);

	if (at == MAP_FAILED)
		return errno;
	munmap(at, 4096);
	return 0;
}

static int mmap_file(void)
{
	return map(PROT_READ, MAP_PRIVATE, file);
}

static int mmap_anonymous(void)
{
	return map(PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

static int protect(int flags, int fd)
{
	void *at = mmap(NULL, 4096, PROT_READ, flags, fd, 0);
	int result;

	if (at == MAP_FAILED)
		return errno;
	result = outcome(mprotect(at, 4096, PROT_READ | PROT_EXEC));
	munmap(at, 4096);
	return result;
}

static int file_mprotect(void)
{
	return protect(MAP_PRIVATE, file);
}

static int mprotect_anonymous(void)
{
	return protect(MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

static int execute(void)
{
	execl("/proc/self/exe", EXIT_CHILD, NULL);
	return errno;
}

static int bprm_committed_creds(void)
{
	return in_child(execute);
}

/* A file that is no module. */
static int kernel_read_file(void)
{
	int fd = open("module", O_CREAT | O_WRONLY, 0600), result;

	result = outcome(write(fd, "galgo", 5));
	close(fd);
	fd = open("module", O_RDONLY);
	if (!result)
		result = outcome(syscall(SYS_finit_module, fd, "", 0));
	close(fd);
	unlink("module");
	return result;
}

/* --- names --------------------------------------------------------------------------------------------------------------- */

static int inode_create(void)
{
	int fd = open("new", O_CREAT | O_EXCL | O_WRONLY, 0600);
	int result = outcome(fd);

	close(fd);
	unlink("new");
	return result;
}

static int inode_mkdir(void)
{
	int result = outcome(mkdir("folder", 0755));

	rmdir("folder");
	return result;
}

static int inode_mknod(void)
{
	int result = outcome(mknod("fifo", S_IFIFO | 0600, 0));

	unlink("fifo");
	return result;
}

static int inode_mknod_device(void)
{
	int result = outcome(mknod("null", S_IFCHR | 0600, makedev(1, 3)));

	unlink("null");
	return result;
}

static int inode_symlink(void)
{
	int result = outcome(symlink("where/it/leads", "link"));

	unlink("link");
	return result;
}

/* A target that is longer than what is keyed of texts. */
static int inode_symlink_long(void)
{
	char target[1000];
	int result;

	memset(target, 'a', sizeof(target) - 1);
	target[sizeof(target) - 1] = 0;
	result = outcome(symlink(target, "link"));
	unlink("link");
	return result;
}

static int inode_link(void)
{
	int result = outcome(link("file", "second"));

	unlink("second");
	return result;
}

static int inode_unlink(void)
{
	int fd = open("gone", O_CREAT | O_WRONLY, 0600);

	close(fd);
	return outcome(unlink("gone"));
}

static int inode_rmdir(void)
{
	mkdir("gone", 0755);
	return outcome(rmdir("gone"));
}

static int inode_rename(void)
{
	int fd = open("old", O_CREAT | O_WRONLY, 0600), result;

	close(fd);
	result = outcome(rename("old", "other"));
	unlink("old");
	unlink("other");
	return result;
}

/* --- attributes ----------------------------------------------------------------------------------------------------------- */

static int inode_setattr_mode(void)
{
	return outcome(chmod("file", 0640));
}

static int inode_setattr_owner(void)
{
	int result = outcome(chown("file", 1, 1));

	return result ? result : outcome(chown("file", 0, 0));
}

static int inode_setattr_size(void)
{
	return outcome(truncate("file", 5000));
}

static int inode_setattr_open_size(void)
{
	return outcome(ftruncate(file, 4096));
}

static int inode_setattr_times(void)
{
	return outcome(utimensat(AT_FDCWD, "file", NULL, 0));
}

static int inode_getattr(void)
{
	struct stat facts;

	return outcome(stat("file", &facts));
}

#define ATTRIBUTE "security.galgo-hooks"

static int inode_setxattr(void)
{
	return outcome(setxattr("file", ATTRIBUTE, "value", 5, 0));
}

static int inode_setxattr_long(void)
{
	char value[1000];

	memset(value, 'v', sizeof(value));
	return outcome(setxattr("file", ATTRIBUTE ".long", value, sizeof(value), 0));
}

static int inode_getxattr(void)
{
	char value[16];

	setxattr("file", ATTRIBUTE, "value", 5, 0);
	return outcome(getxattr("file", ATTRIBUTE, value, sizeof(value)));
}

static int inode_listxattr(void)
{
	char names[1024];

	return outcome(listxattr("file", names, sizeof(names)));
}

static int inode_removexattr(void)
{
	setxattr("file", ATTRIBUTE, "value", 5, 0);
	return outcome(removexattr("file", ATTRIBUTE));
}

#define ACCESS_LIST "system.posix_acl_access"

static int without_lists(int result)
{
	return result == EOPNOTSUPP ? skip("no access lists in " DIRECTORY) : result;
}

static int inode_set_acl(void)
{
	/* version 2; owner rw, user 1 r, group r, mask r, others none */
	static const uint32_t list[] = {2,	  0x00060001, ~0u, 0x00040002, 1, 0x00040004, ~0u, 0x00040010,
					~0u, 0x00000020, ~0u};

	return without_lists(outcome(setxattr("file", ACCESS_LIST, list, sizeof(list), 0)));
}

static int inode_get_acl(void)
{
	char list[256];

	inode_set_acl();
	return without_lists(outcome(getxattr("file", ACCESS_LIST, list, sizeof(list))));
}

static int inode_remove_acl(void)
{
	inode_set_acl();
	return without_lists(outcome(removexattr("file", ACCESS_LIST)));
}

/* Writing takes the capabilities away that a file gives. */
static int inode_killpriv(void)
{
	static const uint32_t capabilities[] = {0x02000000, 1 << CAP_NET_RAW, 0, 0, 0};
	int fd = open("privileged", O_CREAT | O_WRONLY, 0755), result;

	if (fd < 0)
		return errno;
	if (setxattr("privileged", "security.capability", capabilities, sizeof(capabilities), 0)) {
		result = errno;
	} else {
		result = outcome(write(fd, "x", 1));
	}
	close(fd);
	unlink("privileged");
	return result;
}

/* --- sockets ---------------------------------------------------------------------------------------------------------------- */

static struct sockaddr_in here(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(PORT)};

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return address;
}

static struct sockaddr_in6 here6(void)
{
	return (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(PORT), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
}

static struct sockaddr_un local(const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	strcpy(address.sun_path, name);
	return address;
}

#define ADDRESS(a) (const struct sockaddr *)&(a), sizeof(a)

static int end_socket(int fd, int result)
{
	close(fd);
	return result;
}

static int socket_create(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return end_socket(fd, outcome(fd));
}

/* A family that no kernel of today has, so that a module is asked for. */
static int kernel_module_request(void)
{
	int fd = socket(AF_APPLETALK, SOCK_DGRAM, 0);

	return fd < 0 ? errno : end_socket(fd, EAFNOSUPPORT);
}

static int socket_socketpair(void)
{
	int pair[2];
	int result = outcome(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));

	if (!result) {
		close(pair[0]);
		close(pair[1]);
	}
	return result;
}

/* A socket that listens at PORT; -1 and errno. */
static int listener(void)
{
	struct sockaddr_in address = here();
	int fd = socket(AF_INET, SOCK_STREAM, 0), yes = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(fd, ADDRESS(address)) || listen(fd, 5)) {
		int error = errno;

		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

static int socket_bind(void)
{
	struct sockaddr_in address = here();
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	return end_socket(fd, outcome(bind(fd, ADDRESS(address))));
}

static int socket_bind_inet6(void)
{
	struct sockaddr_in6 address = here6();
	int fd = socket(AF_INET6, SOCK_DGRAM, 0), result;

	if (fd < 0)
		return skip("no IPv6");
	result = outcome(bind(fd, ADDRESS(address)));
	return end_socket(fd, result == EADDRNOTAVAIL ? skip("no ::1") : result);
}

static int socket_bind_unix(void)
{
	struct sockaddr_un address = local("socket");
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	int result = outcome(bind(fd, ADDRESS(address)));

	unlink("socket");
	return end_socket(fd, result);
}

static int socket_listen(void)
{
	struct sockaddr_in address = here();
	int fd = socket(AF_INET, SOCK_STREAM, 0), yes = 1, result;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	bind(fd, ADDRESS(address));
	result = outcome(listen(fd, 7));
	return end_socket(fd, result);
}

static int socket_connect(void)
{
	struct sockaddr_in address = here();
	int server = listener(), fd = socket(AF_INET, SOCK_STREAM, 0);
	int result = server < 0 ? errno : outcome(connect(fd, ADDRESS(address)));

	close(server);
	return end_socket(fd, result);
}

static int socket_accept(void)
{
	struct sockaddr_in address = here();
	int server = listener(), fd = socket(AF_INET, SOCK_STREAM, 0), accepted;
	int result = server < 0 ? errno : outcome(connect(fd, ADDRESS(address)));

	if (!result) {
		accepted = accept4(server, NULL, NULL, SOCK_NONBLOCK);
		result = outcome(accepted);
		close(accepted);
	}
	close(server);
	return end_socket(fd, result);
}

static int socket_sendmsg(void)
{
	struct sockaddr_in address = here();
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	return end_socket(fd, outcome(sendto(fd, "x", 1, 0, ADDRESS(address))));
}

static int socket_sendmsg_connected(void)
{
	int pair[2], result;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		return errno;
	result = outcome(send(pair[0], "x", 1, 0));
	close(pair[1]);
	return end_socket(pair[0], result);
}

static int socket_recvmsg(void)
{
	int pair[2], result;
	char byte;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		return errno;
	send(pair[0], "x", 1, 0);
	result = outcome(recv(pair[1], &byte, 1, MSG_DONTWAIT));
	close(pair[1]);
	return end_socket(pair[0], result);
}

static int socket_getsockname(void)
{
	struct sockaddr_in address;
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	return end_socket(fd, outcome(getsockname(fd, (struct sockaddr *)&address, &size)));
}

static int socket_getpeername(void)
{
	struct sockaddr_un address;
	socklen_t size = sizeof(address);
	int pair[2], result;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		return errno;
	result = outcome(getpeername(pair[0], (struct sockaddr *)&address, &size));
	close(pair[1]);
	return end_socket(pair[0], result);
}

static int socket_setsockopt(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), yes = 1;

	return end_socket(fd, outcome(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof(yes))));
}

static int socket_shutdown(void)
{
	int pair[2], result;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		return errno;
	result = outcome(shutdown(pair[0], SHUT_WR));
	close(pair[1]);
	return end_socket(pair[0], result);
}

static int unix_stream_connect(void)
{
	struct sockaddr_un address = local("socket");
	int server = socket(AF_UNIX, SOCK_STREAM, 0), fd = socket(AF_UNIX, SOCK_STREAM, 0), result;

	if (bind(server, ADDRESS(address)) || listen(server, 1))
		result = errno;
	else
		result = outcome(connect(fd, ADDRESS(address)));
	unlink("socket");
	close(server);
	return end_socket(fd, result);
}

static int unix_may_send(void)
{
	struct sockaddr_un address = local("socket");
	int server = socket(AF_UNIX, SOCK_DGRAM, 0), fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	int result = outcome(bind(server, ADDRESS(address)));

	if (!result)
		result = outcome(sendto(fd, "x", 1, 0, ADDRESS(address)));
	unlink("socket");
	close(server);
	return end_socket(fd, result);
}

static int netlink_send(void)
{
	struct {
		struct nlmsghdr head;
		struct rtgenmsg what;
	} request = {{sizeof(request), RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, 1, 0}, {AF_UNSPEC}};
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);

	return end_socket(fd, outcome(send(fd, &request, sizeof(request), 0)));
}

/* --- tasks -------------------------------------------------------------------------------------------------------------------- */

static int task_kill(void)
{
	WITH_CHILD(kill(child, SIGUSR1));
}

static int task_kill_outside(void)
{
	return outcome(kill(getppid(), 0));
}

static int task_setpgid(void)
{
	WITH_CHILD(setpgid(child, child));
}

static int task_getpgid(void)
{
	WITH_CHILD(getpgid(child));
}

static int task_getsid(void)
{
	WITH_CHILD(getsid(child));
}

static int task_setnice(void)
{
	WITH_CHILD(setpriority(PRIO_PROCESS, child, 5));
}

#define PRIORITY_BEST_EFFORT (2 << 13 | 4)

static int task_setioprio(void)
{
	WITH_CHILD(syscall(SYS_ioprio_set, 1, child, PRIORITY_BEST_EFFORT));
}

static int task_getioprio(void)
{
	WITH_CHILD(syscall(SYS_ioprio_get, 1, child));
}

static int task_prlimit(void)
{
	struct rlimit limit;

	WITH_CHILD(prlimit(child, RLIMIT_NOFILE, NULL, &limit));
}

static int task_setrlimit(void)
{
	struct rlimit limit = {0, RLIM_INFINITY};

	return outcome(setrlimit(RLIMIT_CORE, &limit));
}

static int task_setscheduler(void)
{
	struct sched_param priority = {0};

	WITH_CHILD(sched_setscheduler(child, SCHED_BATCH, &priority));
}

static int task_getscheduler(void)
{
	WITH_CHILD(sched_getscheduler(child));
}

static int task_prctl(void)
{
	return outcome(prctl(PR_GET_DUMPABLE));
}

static int task_prctl_name(void)
{
	return outcome(prctl(PR_SET_NAME, "hooks"));
}

static int ptrace_access_check(void)
{
	WITH_CHILD(ptrace(PTRACE_SEIZE, child, NULL, NULL));
}

static int trace_me(void)
{
	return outcome(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int ptrace_traceme(void)
{
	return in_child(trace_me);
}

static int capable(void)
{
	char name[65];

	if (gethostname(name, sizeof(name)))
		return errno;
	return outcome(sethostname(name, strlen(name)));
}

static int capget_self(void)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2];

	return outcome(syscall(SYS_capget, &head, data));
}

static int capget_other(void)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2];

	WITH_CHILD((head.pid = child, syscall(SYS_capget, &head, data)));
}

static int drop_nothing(void)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data))
		return errno;
	data[0].inheritable = 0;
	data[1].inheritable = 0;
	return outcome(syscall(SYS_capset, &head, data));
}

static int capset_self(void)
{
	return in_child(drop_nothing);
}

static int other_user(void)
{
	return outcome(setresuid(1, 1, 1));
}

static int task_fix_setuid(void)
{
	return in_child(other_user);
}

static int other_group(void)
{
	return outcome(setresgid(1, 1, 1));
}

static int task_fix_setgid(void)
{
	return in_child(other_group);
}

static int other_groups(void)
{
	gid_t groups[] = {3, 2};

	return outcome(syscall(SYS_setgroups, 2, groups));
}

static int task_fix_setgroups(void)
{
	return in_child(other_groups);
}

static int other_root(void)
{
	return outcome(chroot("."));
}

static int path_chroot(void)
{
	return in_child(other_root);
}

/* --- System V objects, keys ---------------------------------------------------------------------------------------------------- */

static int memory(void)
{
	return shmget(IPC_KEY, 4096, IPC_CREAT | 0600);
}

static int end_memory(int id, int result)
{
	if (id >= 0)
		shmctl(id, IPC_RMID, NULL);
	return result;
}

static int shm_associate(void)
{
	int id = memory();

	return end_memory(id, id < 0 ? errno : outcome(shmget(IPC_KEY, 4096, 0)));
}

static int ipc_permission(void)
{
	int id = memory();

	return end_memory(id, id < 0 ? errno : outcome(shmget(IPC_KEY, 4096, 0600)));
}

static int shm_shmctl(void)
{
	int id = memory();
	struct shmid_ds facts;

	return end_memory(id, id < 0 ? errno : outcome(shmctl(id, IPC_STAT, &facts)));
}

/* Of all objects: the kernel names none to the hook. */
static int shm_shmctl_info(void)
{
	struct shminfo facts;

	return outcome(shmctl(0, IPC_INFO, (struct shmid_ds *)&facts));
}

static int shm_shmat(void)
{
	int id = memory(), result;
	void *at = shmat(id, NULL, 0);

	result = at == (void *)-1 ? errno : 0;
	if (!result)
		shmdt(at);
	return end_memory(id, result);
}

static int semaphores(void)
{
	return semget(IPC_KEY, 1, IPC_CREAT | 0600);
}

static int end_semaphores(int id, int result)
{
	if (id >= 0)
		semctl(id, 0, IPC_RMID);
	return result;
}

static int sem_associate(void)
{
	int id = semaphores();

	return end_semaphores(id, id < 0 ? errno : outcome(semget(IPC_KEY, 1, 0)));
}

static int sem_semctl(void)
{
	int id = semaphores();

	return end_semaphores(id, id < 0 ? errno : outcome(semctl(id, 0, GETVAL)));
}

static int sem_semop(void)
{
	struct sembuf up = {0, 1, IPC_NOWAIT};
	int id = semaphores();

	return end_semaphores(id, id < 0 ? errno : outcome(semop(id, &up, 1)));
}

static int queue(void)
{
	return msgget(IPC_KEY, IPC_CREAT | 0600);
}

static int end_queue(int id, int result)
{
	if (id >= 0)
		msgctl(id, IPC_RMID, NULL);
	return result;
}

struct letter {
	long type;
	char text[1];
};

static int msg_queue_associate(void)
{
	int id = queue();

	return end_queue(id, id < 0 ? errno : outcome(msgget(IPC_KEY, 0)));
}

static int msg_queue_msgctl(void)
{
	int id = queue();
	struct msqid_ds facts;

	return end_queue(id, id < 0 ? errno : outcome(msgctl(id, IPC_STAT, &facts)));
}

static int msg_queue_msgsnd(void)
{
	struct letter letter = {1, "x"};
	int id = queue();

	return end_queue(id, id < 0 ? errno : outcome(msgsnd(id, &letter, 1, IPC_NOWAIT)));
}

static int msg_queue_msgrcv(void)
{
	struct letter letter = {1, "x"};
	int id = queue();

	msgsnd(id, &letter, 1, IPC_NOWAIT);
	return end_queue(id, id < 0 ? errno : outcome(msgrcv(id, &letter, 1, 0, IPC_NOWAIT)));
}

static long add_key(void)
{
	return syscall(SYS_add_key, "user", "galgo-hooks", "x", 1L, KEY_SPEC_PROCESS_KEYRING);
}

static int key_alloc(void)
{
	return outcome(add_key());
}

static int key_permission(void)
{
	long key = add_key();
	char byte;

	return key < 0 ? errno : outcome(syscall(SYS_keyctl, KEYCTL_READ, key, &byte, 1L, 0L));
}

/* --- filesystems ------------------------------------------------------------------------------------------------------------- */

#define MOUNT_POINT "mounted"

static int mounted(void)
{
	mkdir(MOUNT_POINT, 0755);
	return outcome(mount("galgo-hooks", MOUNT_POINT, "tmpfs", MS_NOSUID, "size=64k"));
}

static int end_mount(int result)
{
	umount2(MOUNT_POINT, MNT_DETACH);
	rmdir(MOUNT_POINT);
	return result;
}

static int sb_mount(void)
{
	return end_mount(mounted());
}

static int sb_mount_bind(void)
{
	mkdir(MOUNT_POINT, 0755);
	return end_mount(outcome(mount(".", MOUNT_POINT, NULL, MS_BIND, NULL)));
}

static int sb_umount(void)
{
	int result = mounted();

	return end_mount(result ? result : outcome(umount(MOUNT_POINT)));
}

static int sb_remount(void)
{
	int result = mounted();

	return end_mount(result ? result : outcome(mount(NULL, MOUNT_POINT, NULL, MS_REMOUNT | MS_RDONLY, NULL)));
}

static int sb_statfs(void)
{
	struct statfs facts;

	return outcome(statfs("file", &facts));
}

/* A root of another mount namespace, with a place for the old one in it. */
static int pivot(void)
{
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return errno;
	if (mounted() || chdir(MOUNT_POINT) || mkdir("old", 0755))
		return errno;
	return outcome(syscall(SYS_pivot_root, ".", "old"));
}

static int sb_pivotroot(void)
{
	int result = in_child(pivot);
	struct statfs facts;

	rmdir(MOUNT_POINT);
	/* the kernel does not exchange its first root */
	if (result == EINVAL && statfs("/", &facts) == 0 && (facts.f_type == 0x858458f6 || facts.f_type == 0x01021994))
		return skip("the root is the kernel's first one");
	return result;
}

#define OPEN_CLONE 1
#define FROM_EMPTY 4

static int move_mount_clone(void)
{
	int tree, result;

	mkdir(MOUNT_POINT, 0755);
	tree = syscall(SYS_open_tree, AT_FDCWD, ".", OPEN_CLONE);
	if (tree < 0)
		return end_mount(errno);
	result = outcome(syscall(SYS_move_mount, tree, "", AT_FDCWD, MOUNT_POINT, FROM_EMPTY));
	close(tree);
	return end_mount(result);
}

#define SYNC_USER_QUOTAS (0x800001 << 8)

static int quotactl_sync(void)
{
	int result = outcome(syscall(SYS_quotactl, SYNC_USER_QUOTAS, NULL, 0, NULL));

	return result == ENOSYS ? skip("no quotas in this kernel") : result;
}

#define EXT4_MAGIC 0xef53
#define TURN_ON_USER_QUOTAS (0x800002 << 8)
#define OLD_FORMAT 1

/* The file holds no quotas, which the kernel finds out after it has asked the hook. */
static int quota_on(void)
{
	struct statfs facts;
	struct stat root;
	int result;

	if (statfs("/", &facts) || facts.f_type != EXT4_MAGIC || stat("/", &root))
		return skip("the root is no ext4");
	if (mount(NULL, "/", NULL, MS_REMOUNT, "usrquota"))
		return errno;
	unlink("/galgo-hooks");
	close(open("/galgo-hooks", O_CREAT | O_WRONLY, 0600));
	mknod("/galgo-hooks-device", S_IFBLK | 0600, root.st_dev);
	result = outcome(syscall(SYS_quotactl, TURN_ON_USER_QUOTAS, "/galgo-hooks-device", OLD_FORMAT, "/galgo-hooks"));
	unlink("/galgo-hooks-device");
	unlink("/galgo-hooks");
	return result == ESRCH || result == EINVAL ? 0 : result;
}

/* --- the kernel --------------------------------------------------------------------------------------------------------------- */

static int kernel_load_data(void)
{
	static const char no_module[64];

	return outcome(syscall(SYS_init_module, no_module, sizeof(no_module), ""));
}

#define LOG_SIZE 10

static int syslog_size(void)
{
	return outcome(klogctl(LOG_SIZE, NULL, 0));
}

static int settime_zone(void)
{
	struct timezone zone = {0, 0};

	return outcome(syscall(SYS_settimeofday, NULL, &zone));
}

/* To what it is; the seconds differ from run to run. */
static int settime_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return outcome(clock_settime(CLOCK_REALTIME, &now));
}

static int bpf_call(void)
{
	union bpf_attr attributes = {.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};
	int fd = syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof(attributes));
	int result = outcome(fd);

	close(fd);
	return result;
}

static int bpf_program(void)
{
	static const struct bpf_insn program[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	union bpf_attr attributes = {
		.prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
		.insns = (uintptr_t)program,
		.insn_cnt = 2,
		.license = (uintptr_t) "GPL",
	};
	int fd = syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof(attributes));
	int result = outcome(fd);

	close(fd);
	return result;
}

static int tunnel(int fd)
{
	struct ifreq request = {.ifr_name = "galgo-hooks"};

	request.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_MULTI_QUEUE;
	return outcome(ioctl(fd, TUNSETIFF, &request));
}

#define TUNNEL "/dev/net/tun"

/* Without a device manager there is no such name; with it the kernel loads the module. */
static int open_tunnel(void)
{
	if (access(TUNNEL, F_OK)) {
		mkdir("/dev/net", 0755);
		mknod(TUNNEL, S_IFCHR | 0600, makedev(10, 200));
	}
	return open(TUNNEL, O_RDWR);
}

static int no_tunnel(void)
{
	return errno == ENOENT || errno == ENODEV || errno == ENXIO ? skip("no tunnels in this kernel") : errno;
}

/* The first descriptor makes the device and is attached to it. */
static int tun_dev_create(void)
{
	int fd = open_tunnel(), result;

	if (fd < 0)
		return no_tunnel();
	result = tunnel(fd);
	close(fd);
	return result;
}

/* A second one opens it. */
static int tun_dev_open(void)
{
	int first = open_tunnel(), second, result;

	if (first < 0)
		return no_tunnel();
	second = open_tunnel();
	result = tunnel(first);
	if (!result)
		result = tunnel(second);
	close(second);
	close(first);
	return result;
}

static int set_queue(int fd, int flag)
{
	struct ifreq request = {0};

	request.ifr_flags = flag;
	return outcome(ioctl(fd, TUNSETQUEUE, &request));
}

static int tun_dev_attach_queue(void)
{
	int fd = open_tunnel(), result;

	if (fd < 0)
		return no_tunnel();
	result = tunnel(fd);
	if (!result)
		result = set_queue(fd, IFF_DETACH_QUEUE);
	if (!result)
		result = set_queue(fd, IFF_ATTACH_QUEUE);
	close(fd);
	return result;
}

/* --- the table ------------------------------------------------------------------------------------------------------------------ */

struct test {
	const char *name;
	const char *hook;
	int (*run)(void);
	int expected;
};

#define TEST(hook) {#hook, #hook, hook, 0}
#define FAILS(hook, with) {#hook, #hook, hook, with}
#define AS(hook, name) {#name, #hook, name, 0}

static const struct test tests[] = {
	TEST(file_open),
	TEST(file_receive),
	TEST(file_ioctl),
	TEST(file_ioctl_compat),
	TEST(file_lock),
	TEST(file_fcntl),
	TEST(mmap_file),
	AS(mmap_file, mmap_anonymous),
	TEST(file_mprotect),
	AS(file_mprotect, mprotect_anonymous),
	TEST(bprm_committed_creds),
	FAILS(kernel_read_file, ENOEXEC),
	TEST(inode_create),
	TEST(inode_mkdir),
	TEST(inode_mknod),
	AS(inode_mknod, inode_mknod_device),
	TEST(inode_symlink),
	AS(inode_symlink, inode_symlink_long),
	TEST(inode_link),
	TEST(inode_unlink),
	TEST(inode_rmdir),
	TEST(inode_rename),
	AS(inode_setattr, inode_setattr_mode),
	AS(inode_setattr, inode_setattr_owner),
	AS(inode_setattr, inode_setattr_size),
	AS(inode_setattr, inode_setattr_open_size),
	AS(inode_setattr, inode_setattr_times),
	TEST(inode_getattr),
	TEST(inode_setxattr),
	AS(inode_setxattr, inode_setxattr_long),
	TEST(inode_getxattr),
	TEST(inode_listxattr),
	TEST(inode_removexattr),
	AS(inode_setxattr, inode_set_acl),
	AS(inode_getxattr, inode_get_acl),
	AS(inode_removexattr, inode_remove_acl),
	TEST(inode_killpriv),
	TEST(socket_create),
	TEST(socket_socketpair),
	TEST(socket_bind),
	AS(socket_bind, socket_bind_inet6),
	AS(socket_bind, socket_bind_unix),
	TEST(socket_listen),
	TEST(socket_connect),
	TEST(socket_accept),
	TEST(socket_sendmsg),
	AS(socket_sendmsg, socket_sendmsg_connected),
	TEST(socket_recvmsg),
	TEST(socket_getsockname),
	TEST(socket_getpeername),
	TEST(socket_setsockopt),
	TEST(socket_shutdown),
	TEST(unix_stream_connect),
	TEST(unix_may_send),
	TEST(netlink_send),
	TEST(task_kill),
	AS(task_kill, task_kill_outside),
	TEST(task_setpgid),
	TEST(task_getpgid),
	TEST(task_getsid),
	TEST(task_setnice),
	TEST(task_setioprio),
	TEST(task_getioprio),
	TEST(task_prlimit),
	TEST(task_setrlimit),
	TEST(task_setscheduler),
	TEST(task_getscheduler),
	TEST(task_prctl),
	AS(task_prctl, task_prctl_name),
	TEST(ptrace_access_check),
	TEST(ptrace_traceme),
	TEST(capable),
	AS(capget, capget_self),
	AS(capget, capget_other),
	AS(capset, capset_self),
	TEST(task_fix_setuid),
	TEST(task_fix_setgid),
	TEST(task_fix_setgroups),
	TEST(path_chroot),
	TEST(ipc_permission),
	TEST(shm_associate),
	TEST(shm_shmctl),
	AS(shm_shmctl, shm_shmctl_info),
	TEST(shm_shmat),
	TEST(sem_associate),
	TEST(sem_semctl),
	TEST(sem_semop),
	TEST(msg_queue_associate),
	TEST(msg_queue_msgctl),
	TEST(msg_queue_msgsnd),
	TEST(msg_queue_msgrcv),
	TEST(key_alloc),
	TEST(key_permission),
	TEST(sb_mount),
	AS(sb_mount, sb_mount_bind),
	TEST(sb_umount),
	TEST(sb_remount),
	TEST(sb_statfs),
	TEST(sb_pivotroot),
	{"move_mount", "move_mount", move_mount_clone, 0},
	{"quotactl", "quotactl", quotactl_sync, 0},
	TEST(quota_on),
	FAILS(kernel_module_request, EAFNOSUPPORT),
	FAILS(kernel_load_data, ENOEXEC),
	{"syslog", "syslog", syslog_size, 0},
	AS(settime, settime_zone),
	AS(settime, settime_clock),
	{"bpf", "bpf", bpf_call, 0},
	{"bpf_map", "bpf_map", bpf_call, 0},
	{"bpf_prog", "bpf_prog", bpf_program, 0},
	TEST(tun_dev_create),
	{"tun_dev_attach", "tun_dev_attach", tun_dev_create, 0},
	TEST(tun_dev_open),
	TEST(tun_dev_attach_queue),
};

#define TESTS (sizeof(tests) / sizeof(tests[0]))

/* A network without its loopback device reaches nobody. */
static void raise_loopback(void)
{
	struct ifreq request = {.ifr_name = "lo"};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd >= 0 && ioctl(fd, SIOCGIFFLAGS, &request) == 0 && !(request.ifr_flags & IFF_UP)) {
		request.ifr_flags |= IFF_UP;
		ioctl(fd, SIOCSIFFLAGS, &request);
	}
	close(fd);
}

static void prepare(void)
{
	char block[4096];

	memset(block, 'x', sizeof(block));
	mkdir(DIRECTORY, 0755);
	need(chdir(DIRECTORY) == 0, "chdir " DIRECTORY);
	unlink("file");
	file = open("file", O_CREAT | O_EXCL | O_RDWR, 0644);
	need(file >= 0, "open " DIRECTORY "/file");
	need(write(file, block, sizeof(block)) == sizeof(block), "write");
	raise_loopback();
}

/* The next run begins with nothing, as this one did. */
static void clean_up(void)
{
	close(file);
	unlink("file");
	need(chdir("/") == 0, "chdir /");
	rmdir(DIRECTORY);
}

static int run(const struct test *test)
{
	int got = test->run();
	int right = got == SKIPPED || got == test->expected;

	if (got == SKIPPED)
		printf("%s %s %d - %s\n", test->name, test->hook, test->expected, why);
	else
		printf("%s %s %d %d %s\n", test->name, test->hook, test->expected, got, right ? "ok" : strerror(got));
	return right;
}

static int wanted(const struct test *test, char **names)
{
	if (!*names)
		return 1;
	for (; *names; names++)
		if (strcmp(*names, test->name) == 0)
			return 1;
	return 0;
}

int main(int argc, char **argv)
{
	int wrong = 0, list = argc > 1 && strcmp(argv[1], "-l") == 0;

	if (strcmp(argv[0], EXIT_CHILD) == 0)
		return 0;
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	if (!list)
		prepare();
	for (size_t i = 0; i < TESTS; i++) {
		if (list)
			printf("%s %s\n", tests[i].name, tests[i].hook);
		else if (wanted(&tests[i], argv + 1))
			wrong += !run(&tests[i]);
	}
	if (!list)
		clean_up();
	return wrong > 0;
}
