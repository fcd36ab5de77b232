// SPDX-License-Identifier: Apache-2.0
// The agent in a guest, its process 1: runs commands for the host. One TCP connection is one command; a process serves each.
//
// Both directions carry frames: type (1 byte), length of the payload (4 bytes, big endian), payload.
// From the host, first T(oken), then A(rgument).., E(nvironment NAME=VALUE).., D(irectory), G(o); while the command runs:
// I(nput), C(lose the input), K(ill: signal number, 1 byte, to the process group).
// To the host: O(utput), E(rror output), X (exit status, signal or 0; 1 byte each), the last one.
// The end of the connection kills the command's process group.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PORT 2323
#define PAYLOAD_MAX 65536
#define HEADER 5
#define WORDS_MAX 1024 /* arguments, and variables */

struct command {
	char *argv[WORDS_MAX + 1];
	int argc;
	char *env[WORDS_MAX + 1];
	int envc;
	char *dir;
	pid_t pid;
	int pidfd;
	int in, out, err; /* our ends of its pipes, or -1 */
};

/* What came from the host and is not used yet. */
struct inbox {
	unsigned char bytes[HEADER + PAYLOAD_MAX];
	size_t have;
	size_t fed; /* bytes of the payload of an I frame that the command took already */
};

static void die(const char *what)
{
	fprintf(stderr, "guestd: %s: %s\n", what, strerror(errno));
	_exit(1);
}

static void write_all(int fd, const void *data, size_t length)
{
	const char *at = data;
	while (length > 0) {
		ssize_t n = write(fd, at, length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			struct pollfd p = { fd, POLLOUT, 0 };
			poll(&p, 1, -1);
			continue;
		}
		if (n <= 0)
			_exit(1);
		at += n;
		length -= (size_t)n;
	}
}

static void send_frame(int fd, char type, const void *data, size_t length)
{
	static unsigned char frame[HEADER + PAYLOAD_MAX];
	uint32_t size = htonl((uint32_t)length);
	frame[0] = (unsigned char)type;
	memcpy(frame + 1, &size, sizeof size);
	memcpy(frame + HEADER, data, length);
	write_all(fd, frame, HEADER + length);
}

static size_t payload_length(const struct inbox *box)
{
	uint32_t size;
	memcpy(&size, box->bytes + 1, sizeof size);
	if (ntohl(size) > PAYLOAD_MAX)
		_exit(1);
	return ntohl(size);
}

static int is_complete(const struct inbox *box)
{
	return box->have >= HEADER && box->have >= HEADER + payload_length(box);
}

static void drop_frame(struct inbox *box)
{
	size_t size = HEADER + payload_length(box);
	memmove(box->bytes, box->bytes + size, box->have - size);
	box->have -= size;
	box->fed = 0;
}

/* Reads what is there; 0 when the host is gone. */
static int receive(int fd, struct inbox *box)
{
	ssize_t n = read(fd, box->bytes + box->have, sizeof box->bytes - box->have);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 1;
	if (n <= 0)
		return 0;
	box->have += (size_t)n;
	return 1;
}

static char *payload_text(const struct inbox *box)
{
	char *text = strndup((const char *)box->bytes + HEADER, payload_length(box));
	if (text == NULL)
		die("strndup");
	return text;
}

/* Takes one frame of the request; 1 when it was Go. */
static int take_request(struct inbox *box, struct command *command, const char *token, int *known)
{
	char *text = payload_text(box);
	char type = (char)box->bytes[0];
	if (type == 'T')
		*known = strcmp(text, token) == 0;
	if (!*known)
		_exit(1);
	if (type == 'A' && command->argc < WORDS_MAX)
		command->argv[command->argc++] = text;
	if (type == 'E' && command->envc < WORDS_MAX)
		command->env[command->envc++] = text;
	if (type == 'D')
		command->dir = text;
	drop_frame(box);
	return type == 'G';
}

static void run_child(struct command *command, int in, int out, int err)
{
	setsid();
	signal(SIGPIPE, SIG_DFL);
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
		die("dup2");
	for (int i = 0; i < command->envc; i++)
		putenv(command->env[i]);
	if (command->dir != NULL && chdir(command->dir) < 0)
		die(command->dir);
	execvp(command->argv[0], command->argv);
	fprintf(stderr, "guestd: %s: %s\n", command->argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

static void start(struct command *command)
{
	int in[2], out[2], err[2];
	if (command->argc == 0)
		_exit(1);
	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0)
		die("pipe2");
	command->pid = fork();
	if (command->pid < 0)
		die("fork");
	if (command->pid == 0)
		run_child(command, in[0], out[1], err[1]);
	close(in[0]);
	close(out[1]);
	close(err[1]);
	command->in = in[1];
	command->out = out[0];
	command->err = err[0];
	fcntl(command->in, F_SETFL, O_NONBLOCK);
	fcntl(command->out, F_SETFL, O_NONBLOCK);
	fcntl(command->err, F_SETFL, O_NONBLOCK);
	command->pidfd = (int)syscall(SYS_pidfd_open, command->pid, 0);
	if (command->pidfd < 0)
		die("pidfd_open");
}

static void close_pipe(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* One read of the command's output; 0 when there is nothing (more) for now. */
static int forward(int host, char type, int *fd)
{
	static char data[PAYLOAD_MAX];
	if (*fd < 0)
		return 0;
	ssize_t n = read(*fd, data, sizeof data);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) {
		close_pipe(fd);
		return 0;
	}
	send_frame(host, type, data, (size_t)n);
	return 1;
}

/* Feeds an I frame to the command; 1 when it is done with. */
static int feed(struct inbox *box, struct command *command)
{
	size_t rest = payload_length(box) - box->fed;
	if (command->in < 0 || rest == 0)
		return 1;
	ssize_t n = write(command->in, box->bytes + HEADER + box->fed, rest);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0) {
		close_pipe(&command->in);
		return 1;
	}
	box->fed += (size_t)n;
	return box->fed == payload_length(box);
}

/* Handles complete frames until one has to wait for the command to read. */
static void take_frames(struct inbox *box, struct command *command)
{
	while (is_complete(box)) {
		if (box->bytes[0] == 'I' && !feed(box, command))
			return;
		if (box->bytes[0] == 'C')
			close_pipe(&command->in);
		if (box->bytes[0] == 'K' && payload_length(box) == 1)
			kill(-command->pid, box->bytes[HEADER]);
		drop_frame(box);
	}
}

static void finish(int host, struct command *command)
{
	siginfo_t info = { 0 };
	waitid(P_PID, (id_t)command->pid, &info, WEXITED);
	while (forward(host, 'O', &command->out))
		;
	while (forward(host, 'E', &command->err))
		;
	int exited = info.si_code == CLD_EXITED;
	unsigned char status[2] = { exited ? (unsigned char)info.si_status : 0,
				    exited ? 0 : (unsigned char)info.si_status };
	send_frame(host, 'X', status, sizeof status);
	shutdown(host, SHUT_WR);
	_exit(0);
}

static void serve_command(int host, struct inbox *box, struct command *command)
{
	for (;;) {
		take_frames(box, command);
		int waits = is_complete(box);
		struct pollfd polls[] = {
			{ host, (short)(POLLRDHUP | (waits ? 0 : POLLIN)), 0 },
			{ waits ? command->in : -1, POLLOUT, 0 },
			{ command->out, POLLIN, 0 },
			{ command->err, POLLIN, 0 },
			{ command->pidfd, POLLIN, 0 },
		};
		if (poll(polls, 5, -1) < 0 && errno != EINTR)
			die("poll");
		if (polls[2].revents)
			forward(host, 'O', &command->out);
		if (polls[3].revents)
			forward(host, 'E', &command->err);
		if (polls[4].revents)
			finish(host, command);
		int gone = (polls[0].revents & (POLLHUP | POLLRDHUP | POLLERR)) != 0;
		if ((polls[0].revents & POLLIN) && !receive(host, box))
			gone = 1;
		if (gone) {
			kill(-command->pid, SIGKILL);
			_exit(1);
		}
	}
}

static void serve(int host, const char *token)
{
	static struct inbox box;
	static struct command command;
	int known = 0;
	int go = 0;
	signal(SIGCHLD, SIG_DFL);
	while (!go) {
		if (!receive(host, &box))
			_exit(1);
		while (!go && is_complete(&box))
			go = take_request(&box, &command, token, &known);
	}
	start(&command);
	fcntl(host, F_SETFL, O_NONBLOCK);
	serve_command(host, &box, &command);
}

int main(int argc, char **argv)
{
	int on = 1;
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (argc != 2 || argv[1][0] == '\0') {
		fprintf(stderr, "guestd: needs a token\n");
		return 1;
	}
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_IGN); /* orphans are reaped by the kernel */
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 64) < 0)
		die("listen");
	printf("galgo-guest: ready\n");
	fflush(stdout);
	for (;;) {
		int host = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (host < 0)
			continue;
		setsockopt(host, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		if (fork() == 0)
			serve(host, argv[1]);
		close(host);
	}
}
