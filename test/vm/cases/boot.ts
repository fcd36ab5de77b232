// SPDX-License-Identifier: Apache-2.0
// The guest itself: is it the Linux that the other cases count on, and does the way to it carry everything?
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { GuestCase } from "../lib/case.ts";
import { pushProgram } from "../lib/programs.ts";

const EVERYWHERE = { "6.1": "quick", "6.12": "core", newest: "quick" } as const;
const BIG_BYTES = 5_000_000;
const SIGKILL = 9;

export const boot: readonly GuestCase[] = [
  {
    name: "runs the kernel that was asked for, with BPF among its security modules",
    on: EVERYWHERE,
    run: async (guest) => {
      assert.equal((await guest.sh("uname -r")).trim(), guest.release);
      const modules = (await guest.sh("cat /sys/kernel/security/lsm")).trim().split(",");
      assert.ok(modules.includes("bpf"), modules.join());
    },
  },
  {
    name: "has what a Linux system has mounted, loopback, and modules that load",
    on: EVERYWHERE,
    run: async (guest) => {
      const mounts = await guest.sh("awk '{ print $2, $3 }' /proc/mounts");
      for (const mount of [
        "/proc proc",
        "/sys sysfs",
        "/sys/fs/bpf bpf",
        "/sys/fs/cgroup cgroup2",
        "/sys/kernel/security securityfs",
        "/sys/kernel/tracing tracefs",
        "/dev/pts devpts",
        "/tmp tmpfs",
      ]) {
        assert.ok(mounts.split("\n").includes(mount), `${mount} is not among\n${mounts}`);
      }
      await guest.sh(
        "test -c /dev/fuse && test -c /dev/loop-control && ip -o link show lo | grep -q UP",
      );
      await guest.sh(
        "mkdir -p /tmp/l /tmp/u /tmp/w /tmp/m && mount -t overlay -o lowerdir=/tmp/l,upperdir=/tmp/u,workdir=/tmp/w o /tmp/m && umount /tmp/m",
      );
    },
  },
  {
    name: "commands have their own output, errors, input, environment, folder and status",
    on: EVERYWHERE,
    run: async (guest) => {
      const script = 'cat; pwd; echo "$WORD"; echo error >&2; exit 7';
      const options = { stdin: "input\n", cwd: "/tmp", env: { WORD: "a b" } };
      const result = await guest.run(["sh", "-c", script], options);
      assert.deepEqual(result, {
        status: 7,
        signal: 0,
        stdout: "input\n/tmp\na b\n",
        stderr: "error\n",
      });
      assert.equal((await guest.run(["sh", "-c", "kill -9 $$"])).signal, SIGKILL);
      assert.equal((await guest.run(["/no/such"])).status, 127);
    },
  },
  {
    name: "commands run side by side, and one that takes too long is killed",
    on: EVERYWHERE,
    run: async (guest) => {
      await guest.sh("mkfifo /tmp/fifo");
      // the second one ends the first
      const waiting = guest.run(["sh", "-c", "read word </tmp/fifo; echo $word"]);
      await guest.sh("echo done >/tmp/fifo; rm /tmp/fifo");
      assert.equal((await waiting).stdout, "done\n");
      const late = guest.run(["sh", "-c", "exec sleep 4711"], { timeoutMs: 2000 });
      await assert.rejects(late, { code: "vm-timeout" });
      await guest.sh("while pgrep -x -f 'sleep 4711' >/tmp/left; do sleep 0.05; done");
    },
  },
  {
    name: "files and output arrive whole",
    on: EVERYWHERE,
    run: async (guest) => {
      const dir = mkdtempSync(join(tmpdir(), "galgo-vm-"));
      try {
        const data = randomBytes(BIG_BYTES);
        writeFileSync(join(dir, "big"), data);
        await guest.push(dir, "/tmp/pushed");
        await guest.push(join(dir, "big"), "/tmp/pushed/again");
        const digest = createHash("sha256").update(data).digest("hex");
        const sums = await guest.sh("cd /tmp/pushed && sha256sum big again && rm -r /tmp/pushed");
        assert.equal(sums, `${digest}  big\n${digest}  again\n`);
        const bytes = await guest.sh(`head -c ${BIG_BYTES} /dev/zero | tr '\\0' x`);
        assert.equal(bytes.length, BIG_BYTES);
      } finally {
        rmSync(dir, { recursive: true });
      }
    },
  },
  {
    name: "programs of test/vm/programs run",
    on: EVERYWHERE,
    run: async (guest) => {
      const program = await pushProgram(guest, "icount");
      const lines = (await guest.sh(`${program} -n 20`)).trim().split("\n");
      assert.equal(lines.length, 13);
      for (const line of lines) assert.match(line, /^[a-z+]+(?:\/64)? [1-9]\d* [1-9]\d*$/);
    },
  },
];
