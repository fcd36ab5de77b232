// SPDX-License-Identifier: Apache-2.0
// Many workloads whose decisions are made in one thread: nobody notices the others.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { closeSync, copyFileSync, openSync, truncateSync, writeFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { SharedThreads } from "../helpers/shared-threads.ts";
import type { SharedRun } from "../helpers/shared-threads.ts";

const ZEROS = "0".repeat(64);
const WAIT_MS = 60_000;
const NOT_ROOT = "only root may let others wait for its memory";
const PATIENCE = { othersWaitMs: 800, graceMs: 800 } as const;
/** Goes on until the file `stop` is there. */
const LOOP = "while [ ! -e stop ]; do cat one >/dev/null; done";

const shell = (script: string): string[] => ["/bin/sh", "-c", script];

async function until(what: string, condition: () => boolean): Promise<void> {
  for (const end = performance.now() + WAIT_MS; !condition(); ) {
    if (performance.now() > end) throw new Error(`waited in vain: ${what}`);
    await pause(5);
  }
}

const eventsOf = (run: SharedRun): bigint => run.pulse().events;

describe("workloads in one thread", () => {
  const shared = new SharedThreads({ threads: 1 });
  after(() => shared.close());

  it("are each modeled as if they were alone, and live values are those of the end", async () => {
    const scripts = ["cat one", "cat one two", "cat two; cat two"];
    const runs = scripts.map((script, index) => shared.run(shell(script), { name: `w${index}` }));
    const together = await Promise.all(runs.map(({ ended }) => ended));
    assert.deepEqual(shared.threads.occupation, [0]);
    for (const [index, script] of scripts.entries()) {
      const alone = await shared.run(shell(script), { name: "alone" }).ended;
      assert.equal(together[index]?.outcome.state, alone.outcome.state);
      assert.deepEqual(together[index]?.outcome.counts, alone.outcome.counts);
      assert.equal(runs[index]?.mirror().state(), alone.outcome.state);
    }
    assert.equal(new Set(together.map(({ outcome }) => outcome.state)).size, scripts.length);
  });

  it("are sealed and enforced while they run, under TSEM's conditions; others are not", async () => {
    const script = `${LOOP}; cat two || exit 7`;
    const [ordered, other] = [shared.run(shell(script)), shared.run(shell(script), { name: "w" })];
    const place = await ordered.serving;
    const codes: string[] = [];
    const refused = async (order: Parameters<typeof place.control>[0]): Promise<void> => {
      await assert.rejects(place.control(order), (error: { code?: string }) => {
        codes.push(String(error.code));
        return true;
      });
    };
    await until("both run", () => eventsOf(ordered) > 30n && eventsOf(other) > 30n);
    await refused({ verb: "base", value: "11".repeat(32) });
    await refused({ verb: "state", value: "short" });
    await place.control({ verb: "state", value: "22".repeat(32) });
    assert.ok(
      ordered
        .mirror()
        .points()
        .some(({ coefficient }) => coefficient === "22".repeat(32)),
    );
    await place.control({ verb: "pseudonym", value: "33".repeat(32) });
    await place.control({ verb: "enforce" });
    await place.control({ verb: "seal" });
    assert.equal(ordered.pulse().sealed, true);
    await refused({ verb: "enforce" });
    await refused({ verb: "seal" });
    await refused({ verb: "pseudonym", value: ZEROS });
    assert.deepEqual(codes, ["TOO_LATE", "BAD_VALUE", "SEALED", "SEALED", "SEALED"]);
    shared.stop();
    const [{ outcome }, free] = await Promise.all([ordered.ended, other.ended]);
    assert.ok(outcome.counts.violations > 0);
    assert.notDeepEqual(outcome.exit, { code: 0 });
    assert.ok(outcome.sealed !== undefined);
    assert.deepEqual([free.outcome.counts.violations, free.outcome.exit], [0, { code: 0 }]);
    await refused({ verb: "seal" });
    assert.equal(codes.at(-1), "ENDED");
  });

  it("takes a base as long as there is no behaviour, and shows what comes of it", async () => {
    const run = shared.run(shell("cat one"));
    const place = await run.serving;
    // the workload is let go as soon as it is served: either it was in time, or the order says that it was not
    const base = await place.control({ verb: "base", value: "11".repeat(32) }).then(
      () => true,
      (error: { code?: string }) => assert.equal(error.code, "TOO_LATE"),
    );
    const { outcome } = await run.ended;
    assert.equal(run.mirror().measurement(), outcome.measurement);
    const plain = await shared.run(shell("cat one")).ended;
    assert.equal(plain.outcome.measurement !== outcome.measurement, base === true);
  });

  it("go on when a further listener can not be served, which is still its owner's", async () => {
    const run = shared.run(shell(LOOP));
    const place = await run.serving;
    const noListener = openSync("/dev/null", "r");
    await assert.rejects(place.join({ listenerFd: noListener, pid: process.pid }), {
      code: "FAILED",
    });
    const before = eventsOf(run);
    await until("it goes on", () => eventsOf(run) > before + 10n);
    shared.stop();
    assert.deepEqual((await run.ended).outcome.exit, { code: 0 });
    await assert.rejects(place.join({ listenerFd: noListener, pid: process.pid }), /has ended/);
    closeSync(noListener);
  });

  it("go on, begin and end while an endless program of one of them is hashed", async () => {
    copyFileSync("/bin/true", shared.path("large"));
    truncateSync(shared.path("large"), 2 ** 38);
    const other = shared.run(shell(LOOP), { name: "other" });
    await until("the other one runs", () => eventsOf(other) > 10n);
    const run = shared.run([shared.path("large")], { name: "large" });
    await run.serving;
    let served = 0n;
    let [event, before] = [0n, 0n];
    await until("events of the other one in the middle of one of this one", () => {
      const { busySince } = run.pulse();
      if (busySince === 0n || busySince !== event) [event, before] = [busySince, eventsOf(other)];
      else served = eventsOf(other) - before;
      return served > 10n;
    });
    const next = await shared.run(shell("cat one"), { name: "next" }).ended;
    assert.equal(run.pulse().busySince, event);
    shared.stop();
    for (const { outcome } of [next, await other.ended])
      assert.deepEqual([outcome.exit, outcome.counts.lost], [{ code: 0 }, 0]);
    // nobody waits for it any more
    run.kill();
    const { outcome } = await run.ended;
    assert.deepEqual([outcome.exit, outcome.counts.lost], [{ signal: "SIGKILL" }, 0]);
  });
});

/** Makes whoever reads a name of it wait: for ever when somebody outside was given the descriptor, else as long as it lives. */
const HANG = `
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>
static void give(int fd, const char *to) {
  struct sockaddr_un at = {AF_UNIX, ""};
  char room[CMSG_SPACE(sizeof fd)] = {0};
  struct iovec word = {"x", 1};
  struct msghdr message = {0, 0, &word, 1, room, sizeof room, 0};
  int link = socket(AF_UNIX, SOCK_STREAM, 0);
  strcpy(at.sun_path, to);
  if (connect(link, (void *)&at, sizeof at)) _exit(5);
  struct cmsghdr *head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET, head->cmsg_type = SCM_RIGHTS, head->cmsg_len = CMSG_LEN(sizeof fd);
  memcpy(CMSG_DATA(head), &fd, sizeof fd);
  if (sendmsg(link, &message, 0) != 1) _exit(6);
}
int main(int argc, char **argv) {
  int fd = syscall(SYS_userfaultfd, O_CLOEXEC);
  struct uffdio_api api = {UFFD_API, 0, 0};
  if (fd < 0 || ioctl(fd, UFFDIO_API, &api)) return 3;
  char *page = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  struct uffdio_register range = {{(unsigned long)page, 4096}, UFFDIO_REGISTER_MODE_MISSING, 0};
  if (ioctl(fd, UFFDIO_REGISTER, &range)) return 4;
  if (argc > 1) give(fd, argv[1]);
  open(page, O_RDONLY);
  return 0;
}
`;

/** Keeps the descriptor that it is given until its input ends. */
const KEEPER = `
import socket, sys
door = socket.socket(socket.AF_UNIX); door.bind(sys.argv[1]); door.listen()
print("ready", flush=True)
link, _ = door.accept()
socket.recv_fds(link, 8, 4)
sys.stdin.read()
`;

describe("a workload that holds its thread up", {
  skip: process.getuid?.() === 0 ? false : NOT_ROOT,
}, () => {
  const shared = new SharedThreads({ threads: 1, patience: PATIENCE });
  const program = shared.path("hang");
  before(() => {
    writeFileSync(`${program}.c`, HANG);
    execFileSync("cc", ["-o", program, `${program}.c`], { stdio: "inherit" });
  });
  after(() => shared.close());

  it("is killed when others wait, and they go on, also who is in the middle of long work", async () => {
    copyFileSync("/bin/true", shared.path("large"));
    truncateSync(shared.path("large"), 2 ** 38);
    const long = shared.run([shared.path("large")], { name: "long" });
    await long.serving;
    await until("it is being read", () => long.pulse().progress > 10n);
    const other = shared.run(shell(LOOP), { name: "other" });
    await until("the other one runs", () => eventsOf(other) > 10n);
    await assert.rejects(shared.run([program], { name: "hang" }).ended, {
      code: "TMA_FAILED",
      message: /killed: no decision on one event for \d+ ms, while other workloads/,
    });
    const [before, read] = [eventsOf(other), long.pulse().progress];
    await until("the others go on", () => {
      return eventsOf(other) > before + 10n && long.pulse().progress > read + 10n;
    });
    long.kill();
    await long.ended;
    shared.stop();
    assert.deepEqual((await other.ended).outcome.exit, { code: 0 });
  });

  it("for good ends them all, aloud; new ones get another thread", async (t) => {
    const door = shared.path("door");
    const keeper = spawn("/usr/bin/python3", ["-c", KEEPER, door], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    t.after(() => keeper.kill("SIGKILL"));
    await new Promise((resolve) => keeper.stdout.once("data", resolve));
    const other = shared.run(shell(LOOP), { name: "other" });
    await until("the other one runs", () => eventsOf(other) > 10n);
    const hang = shared.run([program, door], { name: "hang" });
    await assert.rejects(hang.ended, { code: "WORKER_FAILED", message: /it hangs/ });
    await assert.rejects(other.ended, { code: "WORKER_FAILED", message: /it hangs/ });
    const next = await shared.run(shell("cat one"), { name: "next" }).ended;
    assert.deepEqual(next.outcome.exit, { code: 0 });
    keeper.stdin.end();
  });
});
