// SPDX-License-Identifier: Apache-2.0
// acts ACTION...: carries out actions in turn and prints for each one line, "ACTION=RESULT": a number that is not negative, or
// -errno. What a model of it allows does not depend on its arguments, so the same program learns some actions and is then refused
// others. Actions are those of the table below, and some that change who carries out the rest:
//   fork     a child does, and this process waits        both     a child and this process      thread   another thread
//   thread1 A  another thread carries out A, then this one goes on
//   exec     this program, run again                     -        lines of the standard input are actions from here on
//   sub A;B  a child carries out A and B, then this process goes on
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/reboot.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include "acts-uring.h"

#define WORDS 4
#define LINE 256
#define PAGE 4096

typedef long (*action)(char **word);

static char *self;
/* The listening socket of `listen`, for `accept`; what `child` has started, for `killchild`. */
static int listener = -1;
static pid_t child = -1;

static long outcome(long result)
{
	return result < 0 ? -errno : result;
}

static void say(const char *what, long result)
{
	char line[LINE + PAGE];
	int length = snprintf(line, sizeof(line), "%s=%ld\n", what, result);

	if (write(1, line, length) != length)
		_exit(3);
}

/* Waits until a line comes on the standard input. 0: it has ended. */
static long act_line(char **w)
{
	char byte = 0;
	ssize_t got;

	(void)w;
	do
		got = read(0, &byte, 1);
	while (got == 1 && byte != '\n');
	return outcome(got);
}

static long closed(int fd)
{
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static long act_open(char **w) { return closed(open(w[0], O_RDONLY)); }
static long act_openw(char **w) { return closed(open(w[0], O_RDWR)); }
static long act_create(char **w) { return closed(open(w[0], O_CREAT | O_EXCL | O_WRONLY, 0644)); }
static long act_unlink(char **w) { return outcome(unlink(w[0])); }
static long act_mkdir(char **w) { return outcome(mkdir(w[0], 0755)); }
static long act_rmdir(char **w) { return outcome(rmdir(w[0])); }
static long act_rename(char **w) { return outcome(rename(w[0], w[1])); }
static long act_link(char **w) { return outcome(link(w[0], w[1])); }
static long act_symlink(char **w) { return outcome(symlink(w[0], w[1])); }
static long act_chmod(char **w) { return outcome(chmod(w[1], strtoul(w[0], NULL, 8))); }
static long act_truncate(char **w) { return outcome(truncate(w[1], atol(w[0]))); }

static long act_stat(char **w)
{
	struct stat facts;

	return outcome(stat(w[0], &facts));
}

static long act_write(char **w)
{
	int fd = open(w[1], O_WRONLY);
	long done;

	if (fd < 0)
		return -errno;
	done = outcome(write(fd, w[0], strlen(w[0])));
	close(fd);
	return done;
}

/* Writes through a shared mapping. */
static long write_mapped(char **w, int read_first)
{
	int fd = open(w[1], O_RDWR);
	volatile char *at;
	long done = 0;

	if (fd < 0)
		return -errno;
	at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (at == MAP_FAILED)
		return -errno;
	/* where the first read makes the page writable, no write is noticed */
	if (read_first)
		done = at[0];
	for (size_t i = 0; i < strlen(w[0]); i++)
		at[i] = w[0][i];
	munmap((void *)at, PAGE);
	return done;
}

static long act_writemap(char **w) { return write_mapped(w, 0); }
static long act_writefault(char **w) { return write_mapped(w, 1); }

/* Writes, and gives the file its times back. */
static long act_utimes(char **w)
{
	struct stat before;
	struct timespec times[2];
	long done;

	if (stat(w[1], &before))
		return -errno;
	done = act_write(w);
	times[0] = before.st_atim;
	times[1] = before.st_mtim;
	return done < 0 ? done : outcome(utimensat(AT_FDCWD, w[1], times, 0));
}

/* Sets the clock to when a file was changed last, writes to it, and sets the clock right again. */
static long act_settime(char **w)
{
	struct timespec now, began, ended, right;
	struct stat before;
	long done, times = 0;
	int fd = open(w[1], O_WRONLY);

	if (fd < 0 || fstat(fd, &before))
		return -errno;
	do {
		pwrite(fd, "x", 1, 0);
		clock_gettime(CLOCK_REALTIME, &now);
		clock_gettime(CLOCK_MONOTONIC, &began);
		if (clock_settime(CLOCK_REALTIME, &before.st_ctim))
			return -errno;
		done = outcome(pwrite(fd, w[0], strlen(w[0]), 0));
		clock_gettime(CLOCK_MONOTONIC, &ended);
		right.tv_sec = now.tv_sec + ended.tv_sec - began.tv_sec;
		right.tv_nsec = now.tv_nsec;
		clock_settime(CLOCK_REALTIME, &right);
		struct stat after;
		fstat(fd, &after);
		if (after.st_ctim.tv_sec == before.st_ctim.tv_sec && after.st_ctim.tv_nsec == before.st_ctim.tv_nsec)
			break;
	} while (++times < 200);
	close(fd);
	return done < 0 ? done : times;
}

static long act_exchange(char **w)
{
	return outcome(syscall(SYS_renameat2, AT_FDCWD, w[0], AT_FDCWD, w[1], RENAME_EXCHANGE));
}

/* Opens a file, removes its name, and opens it again through the descriptor. */
static long act_unlinked(char **w)
{
	char again[LINE];
	int fd = open(w[0], O_RDONLY);
	long done;

	if (fd < 0)
		return -errno;
	done = outcome(unlink(w[0]));
	snprintf(again, sizeof(again), "/proc/self/fd/%d", fd);
	if (done == 0)
		done = closed(open(again, O_RDONLY));
	close(fd);
	return done;
}

/* What happens often: opened and closed. */
static long act_loop(char **w)
{
	long times = atol(w[0]);

	for (long i = 0; i < times; i++) {
		int fd = open(w[1], O_RDONLY);

		if (fd < 0)
			return -errno;
		close(fd);
	}
	return times;
}

static long map_with(const char *path, int protection, int later)
{
	int fd = open(path, O_RDONLY);
	long done = 0;
	void *at;

	if (fd < 0)
		return -1000 - errno; /* not what was asked */
	at = mmap(NULL, PAGE, protection, MAP_PRIVATE, fd, 0);
	if (at == MAP_FAILED)
		done = -errno;
	else if (later && mprotect(at, PAGE, later))
		done = -errno;
	if (at != MAP_FAILED)
		munmap(at, PAGE);
	close(fd);
	return done;
}

static long act_mapx(char **w) { return map_with(w[0], PROT_READ | PROT_EXEC, 0); }

/* Opened, and mapped when a line has come. */
static long act_maplater(char **w)
{
	int fd = open(w[0], O_RDONLY);
	long done = 0;
	void *at;

	if (fd < 0)
		return -1000 - errno;
	say("opened", 0);
	act_line(w);
	at = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	if (at == MAP_FAILED)
		done = -errno;
	else
		munmap(at, PAGE);
	close(fd);
	return done;
}

static long act_map(char **w) { return map_with(w[0], PROT_READ, 0); }
static long act_protx(char **w) { return map_with(w[0], PROT_READ, PROT_READ | PROT_EXEC); }

static long act_kill(char **w) { return outcome(kill(atoi(w[1]), atoi(w[0]))); }
static long act_killself(char **w) { return outcome(kill(getpid(), atoi(w[0]))); }

/* A child that does nothing, until it is killed or its parent is gone. */
static long act_child(char **w)
{
	pid_t parent = getpid();

	(void)w;
	child = fork();
	if (child == 0) {
		while (getppid() == parent)
			usleep(20000);
		_exit(0);
	}
	return child < 0 ? -errno : 0;
}

static long act_killchild(char **w) { return outcome(kill(child, atoi(w[0]))); }

static long act_reap(char **w)
{
	int status;

	(void)w;
	for (int times = 0; times < 100; times++) {
		pid_t pid = waitpid(child, &status, WNOHANG);

		if (pid)
			return pid < 0 ? -errno : WTERMSIG(status); /* the signal that has ended it */
		usleep(20000);
	}
	return -ETIMEDOUT;
}

/* Uses of capabilities that change nothing: the kernel asks for the capability before it looks at the rest. */
static long act_capboot(char **w)
{
	(void)w;
	return outcome(syscall(SYS_reboot, 0, 0, LINUX_REBOOT_CMD_RESTART, NULL)); /* EINVAL: allowed */
}

static long act_capmodule(char **w)
{
	(void)w;
	return outcome(syscall(SYS_delete_module, "no_such_module", O_NONBLOCK)); /* ENOENT: allowed */
}

static long act_capnice(char **w)
{
	(void)w;
	return outcome(setpriority(PRIO_PROCESS, 0, -1));
}

static long act_ptrace(char **w)
{
	pid_t pid = atoi(w[0]);
	int status;

	if (ptrace(PTRACE_SEIZE, pid, 0, 0))
		return -errno;
	ptrace(PTRACE_INTERRUPT, pid, 0, 0);
	waitpid(pid, &status, __WALL);
	ptrace(PTRACE_DETACH, pid, 0, 0);
	return 0;
}

/* Reading memory of another: the same right. */
static long act_readmem(char **w)
{
	char byte;
	struct iovec here = { &byte, 1 }, there = { (void *)0x10, 1 };

	return outcome(process_vm_readv(atoi(w[0]), &here, 1, &there, 1, 0)); /* EFAULT: allowed */
}

static struct sockaddr_in address(const char *port)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(atoi(port)) };

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return in;
}

static long act_listen(char **w)
{
	struct sockaddr_in in = address(w[0]);
	int one = 1;

	listener = socket(AF_INET, SOCK_STREAM, 0);
	if (listener < 0)
		return -errno;
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, (struct sockaddr *)&in, sizeof(in)))
		return -errno;
	return outcome(listen(listener, 16));
}

static long act_connect(char **w)
{
	struct sockaddr_in in = address(w[0]);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	long done;

	if (fd < 0)
		return -errno;
	done = outcome(connect(fd, (struct sockaddr *)&in, sizeof(in)));
	close(fd);
	return done;
}

static long act_accept(char **w)
{
	(void)w;
	return closed(accept(listener, NULL, NULL));
}

static long act_unix(char **w)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	long done;

	if (fd < 0)
		return -errno;
	strncpy(un.sun_path, w[0], sizeof(un.sun_path) - 1);
	if (un.sun_path[0] == '@')
		un.sun_path[0] = 0;
	done = outcome(bind(fd, (struct sockaddr *)&un, offsetof(struct sockaddr_un, sun_path) + strlen(w[0])));
	close(fd);
	return done;
}

static long act_uopen(char **w) { return uring_open(w[0], 0); }
static long act_uopena(char **w) { return uring_open(w[0], IOSQE_ASYNC); }

static long act_uconnect(char **w)
{
	struct sockaddr_in in = address(w[0]);

	return uring_connect(&in, sizeof(in), 0);
}

static long act_uconnecta(char **w)
{
	struct sockaddr_in in = address(w[0]);

	return uring_connect(&in, sizeof(in), IOSQE_ASYNC);
}

/* A program in a child: its exit status, 128 + signal, or why it could not be run. In its arguments + stands for a space. */
static long act_run(char **w)
{
	int status;
	pid_t pid;

	for (int i = 1; i < WORDS; i++)
		for (char *plus = w[i]; plus && (plus = strchr(plus, '+'));)
			*plus = ' ';
	pid = vfork();
	if (pid == 0) {
		execl(w[0], w[0], w[1], w[2], w[3], (char *)NULL);
		_exit(200 + (errno < 50 ? errno : 50));
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return -errno;
	if (WIFSIGNALED(status))
		return 128 + WTERMSIG(status);
	return WEXITSTATUS(status) > 200 ? -(WEXITSTATUS(status) - 200) : WEXITSTATUS(status);
}

static long act_setuid(char **w) { return outcome(setresuid(atoi(w[0]), atoi(w[0]), atoi(w[0]))); }
static long act_setfsuid(char **w) { return outcome(syscall(SYS_setfsuid, atoi(w[0]))); }
static long act_chroot(char **w) { return outcome(chroot(w[0])); }
static long act_chdir(char **w) { return outcome(chdir(w[0])); }
static long act_name(char **w) { return outcome(prctl(PR_SET_NAME, w[0])); }
static long act_pid(char **w) { (void)w; return getpid(); }

static long act_usleep(char **w)
{
	struct timespec time = { atol(w[0]) / 1000000, atol(w[0]) % 1000000 * 1000 };

	return outcome(nanosleep(&time, NULL));
}

static const struct {
	const char *name;
	action act;
} ACTIONS[] = {
	{ "open", act_open }, { "openw", act_openw }, { "create", act_create }, { "unlink", act_unlink },
	{ "mkdir", act_mkdir }, { "rmdir", act_rmdir }, { "rename", act_rename }, { "link", act_link },
	{ "symlink", act_symlink }, { "chmod", act_chmod }, { "truncate", act_truncate }, { "stat", act_stat },
	{ "write", act_write }, { "loop", act_loop }, { "mapx", act_mapx }, { "map", act_map }, { "protx", act_protx },
	{ "maplater", act_maplater },
	{ "kill", act_kill }, { "killself", act_killself }, { "child", act_child }, { "killchild", act_killchild },
	{ "reap", act_reap }, { "capboot", act_capboot }, { "capmodule", act_capmodule }, { "capnice", act_capnice },
	{ "ptrace", act_ptrace }, { "readmem", act_readmem }, { "listen", act_listen }, { "connect", act_connect },
	{ "accept", act_accept }, { "unix", act_unix }, { "uopen", act_uopen }, { "uopena", act_uopena },
	{ "uconnect", act_uconnect }, { "uconnecta", act_uconnecta }, { "run", act_run }, { "setuid", act_setuid },
	{ "setfsuid", act_setfsuid }, { "settime", act_settime },
	{ "writemap", act_writemap }, { "writefault", act_writefault }, { "utimes", act_utimes },
	{ "exchange", act_exchange }, { "unlinked", act_unlinked },
	{ "chroot", act_chroot }, { "chdir", act_chdir }, { "name", act_name }, { "pid", act_pid }, { "usleep", act_usleep },
	{ "line", act_line },
};

/* "open PATH": words are separated by spaces. */
static void one(char *text)
{
	char *copy = strdup(text), *rest = copy, *word[WORDS + 1] = { 0 };

	for (int i = 0; i < WORDS + 1 && rest; i++)
		word[i] = strsep(&rest, " ");
	for (size_t i = 0; i < sizeof(ACTIONS) / sizeof(ACTIONS[0]); i++) {
		if (strcmp(ACTIONS[i].name, word[0]))
			continue;
		say(text, ACTIONS[i].act(word + 1));
		free(copy);
		return;
	}
	fprintf(stderr, "acts: %s is no action\n", text);
	exit(2);
}

static void *acts(void *actions);

/* Lines of the standard input, unbuffered: a child may have read some before. */
static void lines(void)
{
	char line[PAGE], *none[2] = { line, NULL };
	size_t length = 0;

	while (length < sizeof(line) && read(0, line + length, 1) == 1) {
		if (line[length++] != '\n')
			continue;
		line[length - 1] = 0;
		length = 0;
		acts(none);
	}
}

/* "A;B": in a child. */
static void sub(const char *text)
{
	char *rest = strdup(text), *list[WORDS * 4 + 1] = { 0 };
	int status;
	pid_t pid;

	for (int i = 0; i < WORDS * 4 && rest; i++)
		list[i] = strsep(&rest, ";");
	pid = fork();
	if (pid == 0) {
		acts(list);
		exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		say("sub", -errno);
	else
		say("sub", WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

static void *acts(void *actions)
{
	for (char **next = actions; *next; next++) {
		pthread_t thread;
		int status;

		if (!strcmp(*next, "fork")) {
			pid_t pid = fork();

			if (pid < 0)
				say("fork", -errno);
			if (pid == 0)
				continue;
			exit(waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 128);
		} else if (!strcmp(*next, "both")) {
			/* the child goes on, and so does this process */
			if (fork() < 0)
				say("both", -errno);
		} else if (!strcmp(*next, "exec")) {
			*next = self;
			execv("/proc/self/exe", next);
			say("exec", -errno);
		} else if (!strcmp(*next, "thread")) {
			if (pthread_create(&thread, NULL, acts, next + 1))
				say("thread", -errno);
			else
				pthread_join(thread, NULL);
			return NULL;
		} else if (!strcmp(*next, "-")) {
			lines();
		} else if (!strncmp(*next, "thread1 ", 8)) {
			char *only[2] = { *next + 8, NULL };

			if (pthread_create(&thread, NULL, acts, only))
				say("thread", -errno);
			else
				pthread_join(thread, NULL);
		} else if (!strncmp(*next, "sub ", 4)) {
			sub(*next + 4);
		} else {
			one(*next);
		}
	}
	return NULL;
}

int main(int argc, char **argv)
{
	(void)argc;
	self = argv[0];
	acts(argv + 1);
	return 0;
}
