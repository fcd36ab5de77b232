// SPDX-License-Identifier: Apache-2.0
// One operation of io_uring, without a library: set up, submit, wait, tear down. The result is that of the operation.
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define URING_SHARED(length, fd, offset) mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, offset)

/* -1000 - errno when there is no ring at all. */
static long uring_one(const struct io_uring_sqe *wanted)
{
	struct io_uring_params p;
	struct io_uring_sqe *entry;
	struct io_uring_cqe *done;
	unsigned *tail, *head, *end;
	char *submitted, *completed;
	long result;
	int fd, got;

	memset(&p, 0, sizeof(p));
	fd = syscall(__NR_io_uring_setup, 4, &p);
	if (fd < 0)
		return -1000 - errno;
	submitted = URING_SHARED(p.sq_off.array + p.sq_entries * 4, fd, IORING_OFF_SQ_RING);
	completed = URING_SHARED(p.cq_off.cqes + p.cq_entries * sizeof(*done), fd, IORING_OFF_CQ_RING);
	entry = URING_SHARED(p.sq_entries * sizeof(*entry), fd, IORING_OFF_SQES);
	if (submitted == MAP_FAILED || completed == MAP_FAILED || (void *)entry == MAP_FAILED) {
		close(fd);
		return -1000 - errno;
	}
	entry[0] = *wanted;
	((unsigned *)(submitted + p.sq_off.array))[0] = 0;
	tail = (unsigned *)(submitted + p.sq_off.tail);
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	head = (unsigned *)(completed + p.cq_off.head);
	end = (unsigned *)(completed + p.cq_off.tail);
	got = syscall(__NR_io_uring_enter, fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0);
	while (__atomic_load_n(end, __ATOMIC_ACQUIRE) == *head && (got >= 0 || errno == EINTR))
		got = syscall(__NR_io_uring_enter, fd, 0, 1, IORING_ENTER_GETEVENTS, NULL, 0);
	done = (struct io_uring_cqe *)(completed + p.cq_off.cqes);
	result = __atomic_load_n(end, __ATOMIC_ACQUIRE) == *head ? -2000 - errno : done[0].res;
	munmap(submitted, p.sq_off.array + p.sq_entries * 4);
	munmap(completed, p.cq_off.cqes + p.cq_entries * sizeof(*done));
	munmap(entry, p.sq_entries * sizeof(*entry));
	close(fd);
	return result;
}

static long uring_open(const char *path, unsigned flags)
{
	struct io_uring_sqe entry;
	long fd;

	memset(&entry, 0, sizeof(entry));
	entry.opcode = IORING_OP_OPENAT;
	entry.flags = flags;
	entry.fd = AT_FDCWD;
	entry.addr = (unsigned long)path;
	entry.open_flags = O_RDONLY;
	fd = uring_one(&entry);
	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

static long uring_connect(const void *address, unsigned length, unsigned flags)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct io_uring_sqe entry;
	long result;

	if (fd < 0)
		return -1000 - errno;
	memset(&entry, 0, sizeof(entry));
	entry.opcode = IORING_OP_CONNECT;
	entry.flags = flags;
	entry.fd = fd;
	entry.addr = (unsigned long)address;
	entry.off = length;
	result = uring_one(&entry);
	close(fd);
	return result;
}
