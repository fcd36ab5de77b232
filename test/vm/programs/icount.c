// SPDX-License-Identifier: Apache-2.0
// icount [-n LOOPS] [-d DIRECTORY] [OPERATION...]: how many instructions operations take, kernel and all, one line each:
// name, median, least. Files are in DIRECTORY (default /tmp), and stay there unchanged for the next one.
// For a guest with `-icount shift=0`: there one instruction is one nanosecond of the time stamp counter, which runs at 1 GHz,
// and everything runs on one processor, so another process's share of an operation is counted too. Elsewhere: ticks.
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <x86intrin.h>

#define WARM_UP 150 /* more than FILES */
#define LOOPS_DEFAULT 1000
#define LOOPS_MAX 1000000
#define SLOW_DIVISOR 10 /* of the loops for operations that start processes */
#define DIRECTORY_DEFAULT "/tmp"
#define FILES 64
#define PATH_BYTES 256

static const char *self;
static char paths[FILES][PATH_BYTES];
static unsigned turn;
static int file_fd;
static int ping[2], pong[2];

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void check(int ok, const char *what)
{
	if (!ok)
		fail(what);
}

static void do_nothing(void)
{
}

static void open_and_close(const char *path)
{
	int fd = open(path, O_RDONLY);
	check(fd >= 0 && close(fd) == 0, path);
}

static void do_open(void)
{
	open_and_close(paths[0]);
}

static void do_open_many(void)
{
	open_and_close(paths[turn++ % FILES]);
}

static void do_stat(void)
{
	struct stat facts;
	check(stat(paths[0], &facts) == 0, "stat");
}

static void do_stat_many(void)
{
	struct stat facts;
	check(stat(paths[turn++ % FILES], &facts) == 0, "stat");
}

static void do_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	check(fd >= 0 && close(fd) == 0, "socket");
}

static void do_spawn(void)
{
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		execl(self, self, "--exit", (char *)NULL);
		_exit(1);
	}
	check(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0, "fork, exec, wait");
}

static void do_fork(void)
{
	int status;
	pid_t pid = fork();
	if (pid == 0)
		_exit(0);
	check(pid > 0 && waitpid(pid, &status, 0) == pid, "fork, wait");
}

static void do_read(void)
{
	char byte;
	check(pread(file_fd, &byte, 1, 0) == 1, "pread");
}

static void do_kill(void)
{
	check(kill(getpid(), 0) == 0, "kill");
}

/* A higher priority than now asks for CAP_SYS_NICE. */
static void do_priority(void)
{
	check(setpriority(PRIO_PROCESS, 0, 5) == 0, "setpriority");
	check(setpriority(PRIO_PROCESS, 0, 0) == 0, "setpriority (needs root)");
}

static void do_mmap(void)
{
	void *at = mmap(NULL, 1, PROT_READ, MAP_PRIVATE, file_fd, 0);
	check(at != MAP_FAILED && munmap(at, 1) == 0, "mmap");
}

static void do_ping(void)
{
	char byte = 1;
	check(write(ping[1], &byte, 1) == 1 && read(pong[0], &byte, 1) == 1, "pipe");
}

static void start_ponger(void)
{
	char byte;
	check(pipe(ping) == 0 && pipe(pong) == 0, "pipe");
	if (fork() != 0) {
		close(ping[0]);
		close(pong[1]);
		return;
	}
	close(ping[1]);
	close(pong[0]);
	while (read(ping[0], &byte, 1) == 1 && write(pong[1], &byte, 1) == 1)
		;
	_exit(0);
}

static const struct operation {
	const char *name;
	void (*run)(void);
	int slow;
} OPERATIONS[] = {
	{ "nothing", do_nothing, 0 },   /* what the measuring itself takes */
	{ "open+close", do_open, 0 },
	{ "open+close/64", do_open_many, 0 }, /* files in turn */
	{ "stat", do_stat, 0 },
	{ "stat/64", do_stat_many, 0 },
	{ "read", do_read, 0 },
	{ "mmap+munmap", do_mmap, 0 },
	{ "socket+close", do_socket, 0 },
	{ "kill", do_kill, 0 },         /* signal 0 to itself */
	{ "capable", do_priority, 0 },  /* setpriority up and down */
	{ "pipe", do_ping, 0 },         /* to another process and back */
	{ "fork+wait", do_fork, 1 },
	{ "fork+exec+wait", do_spawn, 1 },
};
#define OPERATIONS_COUNT (sizeof OPERATIONS / sizeof OPERATIONS[0])

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static void measure(const struct operation *operation, long loops)
{
	static uint64_t took[LOOPS_MAX];
	if (operation->slow)
		loops = loops / SLOW_DIVISOR + 1;
	for (int i = 0; i < (operation->slow ? WARM_UP / SLOW_DIVISOR : WARM_UP); i++)
		operation->run();
	for (long i = 0; i < loops; i++) {
		uint64_t begin = __rdtsc();
		operation->run();
		took[i] = __rdtsc() - begin;
	}
	qsort(took, (size_t)loops, sizeof took[0], compare);
	printf("%s %llu %llu\n", operation->name, (unsigned long long)took[loops / 2],
	       (unsigned long long)took[0]);
	fflush(stdout);
}

static int is_wanted(const char *name, char **wanted, int count)
{
	for (int i = 0; i < count; i++)
		if (strcmp(wanted[i], name) == 0)
			return 1;
	return count == 0;
}

/* A file that is there is left as it is: one that has just been changed is another one to who looks at it. */
static void make_file(char *path, const char *directory, int number)
{
	int fd, length = snprintf(path, PATH_BYTES, "%s/icount-%d", directory, number);
	check(length < PATH_BYTES, directory);
	if (access(path, R_OK) == 0)
		return;
	fd = open(path, O_RDWR | O_CREAT, 0644);
	check(fd >= 0 && write(fd, "x", 1) == 1 && close(fd) == 0, path);
}

static void make_files(const char *directory)
{
	for (int i = 0; i < FILES; i++)
		make_file(paths[i], directory, i);
	file_fd = open(paths[0], O_RDONLY);
	check(file_fd >= 0, paths[0]);
}

int main(int argc, char **argv)
{
	const char *directory = DIRECTORY_DEFAULT;
	long loops = LOOPS_DEFAULT;
	int option;
	self = argv[0];
	if (argc > 1 && strcmp(argv[1], "--exit") == 0)
		return 0;
	while ((option = getopt(argc, argv, "n:d:")) != -1) {
		if (option == 'n')
			loops = atol(optarg);
		else if (option == 'd')
			directory = optarg;
		else
			return 2;
	}
	if (loops < 1 || loops > LOOPS_MAX) {
		fprintf(stderr, "icount: loops: 1 to %d\n", LOOPS_MAX);
		return 2;
	}
	make_files(directory);
	start_ponger();
	for (size_t i = 0; i < OPERATIONS_COUNT; i++)
		if (is_wanted(OPERATIONS[i].name, argv + optind, argc - optind))
			measure(&OPERATIONS[i], loops);
	return 0;
}
