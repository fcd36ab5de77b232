// SPDX-License-Identifier: Apache-2.0
// trust MODE WAY ALLOWED SECRET: is refused SECRET, and then tries to go on as if nothing had happened.
//   self       in the same process: everything that the model allows
//   thread     in another thread of the process
//   child      in a child that it had before, and that has not been heard of yet
//   sibling    in a sibling that it makes afterwards, a child of its trusted parent (CLONE_PARENT)
//   orphan     in a child that it makes afterwards and leaves behind
//   daemon     in a daemon that is nobody's child: there the secret itself is tried
#include "attack.h"

static const char *allowed, *secret;

// all that both modes do, and the model allows
static void usual(const char *who) {
  int ok = read_once(allowed) == 0;
  pid_t pid = fork();
  if (pid == 0) {
    execl("/bin/true", "true", (char *)0);
    _exit(1);
  }
  ok += pid > 0 && ended(pid) == 0;
  printf("%s: %d of 2\n", who, ok);
  fflush(stdout);
}

static void *thread(void *who) {
  usual(who);
  return 0;
}

static int waiting(void *context) {
  char byte;
  if (read(*(int *)context, &byte, 1) == 1) usual("child");
  return 0;
}

// ends before its child does anything
static int refused_parent(void *context) {
  char **argv = context;
  int parent = strcmp(argv[2], "sibling") == 0 ? CLONE_PARENT : 0;
  if (attacking(2, argv)) show(open(secret, O_RDONLY));
  long pid = syscall(SYS_clone, parent | SIGCHLD, 0, 0, 0, 0);
  if (pid == 0) {
    usleep(50000); // the other one has ended by then
    usual(argv[2]);
    _exit(0);
  }
  return 0;
}

static int daemon_of_nobody(void *context) {
  int report = *(int *)context;
  setsid();
  if (fork() != 0) return 0;
  int fd = open(secret, O_RDONLY);
  show(fd);
  (void)!write(report, fd < 0 ? "refused" : "opened!", 7);
  return 0;
}

int main(int argc, char **argv) {
  if (argc < 5) return 2;
  const char *way = argv[2];
  int ends[2], attack = attacking(argc, argv);
  char report[8] = "";
  pthread_t id;
  allowed = argv[3];
  secret = argv[4];
  if (pipe(ends) != 0) return 3;
  if (strcmp(way, "daemon") == 0) {
    if (!attack) secret = allowed;
    ended(child(daemon_of_nobody, &ends[1]));
    (void)!read(ends[0], report, 7);
    printf("daemon: %s\n", report);
    return 0;
  }
  if (strcmp(way, "sibling") == 0 || strcmp(way, "orphan") == 0) {
    usual("before");
    ended(child(refused_parent, argv));
    while (wait(0) > 0);
    usleep(200000);
    return 0;
  }
  pid_t pid = strcmp(way, "child") == 0 ? child(waiting, &ends[0]) : 0;
  usual("before");
  if (attack) show(open(secret, O_RDONLY));
  if (strcmp(way, "self") == 0) usual("self");
  if (strcmp(way, "thread") == 0 && pthread_create(&id, 0, thread, "thread") == 0) pthread_join(id, 0);
  if (pid > 0) {
    (void)!write(ends[1], "x", 1);
    ended(pid);
  }
  return 0;
}
