// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { noBpf, objectOf, privateBpffs } from "../../../test/helpers/bpf-programs.ts";
import { runProgram } from "../../native/bpf-link.ffi.ts";
import type { BpfMap } from "../../native/bpf-map.ffi.ts";
import type { BpfPlace } from "./bpffs.ts";
import { cleanup, type Installation, install, leftovers } from "./install.ts";
import { NamespaceFlag } from "./layout.gen.ts";
import { NamespaceView } from "./namespace-slot.ts";
import { builtPrograms, canAttach } from "./programs.ts";

const HELPER = join(import.meta.dirname, "../../../test/helpers/installed.ts");

interface TestPlace extends BpfPlace {
  /** Left at the end of the test if the test did not. */
  readonly installations: Installation[];
}

function place(t: TestContext): TestPlace {
  const folder = mkdtempSync(join(tmpdir(), "galgo-install-"));
  const installations: Installation[] = [];
  t.after(async () => {
    for (const installation of installations) await installation.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return { folder: join(privateBpffs(t), "galgo"), lock: join(folder, "lock"), installations };
}

async function installed(at: TestPlace): Promise<Installation> {
  const installation = await install({ object: objectOf("installed"), place: at });
  at.installations.push(installation);
  return installation;
}

/** Another process that installs. */
class Other {
  readonly child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(t: TestContext, { folder, lock }: BpfPlace) {
    const args = ["--import", "tsx", HELPER, objectOf("installed"), folder, lock];
    this.child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
    const { stdout } = this.child;
    assert.ok(stdout);
    this.#lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
    t.after(() => this.child.kill("SIGKILL"));
  }

  async claimed(): Promise<{ slot: number; serial: number }> {
    return JSON.parse(String((await this.#lines.next()).value)) as { slot: number; serial: number };
  }

  async leave(): Promise<void> {
    this.child.stdin?.write("leave\n");
    assert.equal((await this.#lines.next()).value, "left");
  }

  async kill(): Promise<void> {
    this.child.kill("SIGKILL");
    await once(this.child, "exit");
  }
}

const build = (): string => builtPrograms(objectOf("installed")).build;

function hitsOf(namespaces: BpfMap, slot: number): bigint {
  using view = new NamespaceView(namespaces, slot);
  return view.counter("hits");
}

/** The programs count calls like this one. */
const call = (): boolean => existsSync("/");

describe("the installed programs", { skip: noBpf ?? false }, () => {
  it("are attached, have a key, and are gone with the last one who needs them", async (t) => {
    const at = place(t);
    const one = await installed(at);
    assert.equal(one.folder, join(at.folder, build()));
    assert.deepEqual(one.attached, ["count_calls"]);
    assert.equal(
      one.withProgram("on_demand", (fd) => runProgram(fd, Buffer.alloc(8))),
      42,
    );
    assert.ok(one.hashKey.some((half) => half !== 0));
    const namespaces = one.map("galgo_namespaces");
    call();
    assert.equal(hitsOf(namespaces, one.slot), 0n, "not active yet");
    using view = new NamespaceView(namespaces, one.slot);
    assert.equal(view.serial, one.serial);
    view.raise(NamespaceFlag.active | NamespaceFlag.sealed);
    view.lower(NamespaceFlag.sealed);
    assert.equal(view.flags, NamespaceFlag.active);
    call();
    assert.ok(hitsOf(namespaces, one.slot) > 0n);
    const two = await installed(at);
    assert.deepEqual([one.slot, two.slot], [1, 2]);
    assert.deepEqual(two.hashKey, one.hashKey);
    await one.close();
    assert.equal(hitsOf(two.map("galgo_namespaces"), 1), 0n);
    await two.close();
    assert.deepEqual(readdirSync(at.folder), []);
  });

  it("are shared by processes that come at once", async (t) => {
    const at = place(t);
    const others = Array.from({ length: 4 }, () => new Other(t, at));
    const claims = await Promise.all(others.map((other) => other.claimed()));
    assert.deepEqual(claims.map(({ slot }) => slot).sort(), [1, 2, 3, 4]);
    assert.equal(new Set(claims.map(({ serial }) => serial)).size, 4);
    assert.deepEqual(readdirSync(at.folder), [build()]);
    assert.deepEqual(leftovers(at), { slots: 0, programs: 0 });
    await Promise.all(others.map((other) => other.leave()));
    assert.deepEqual(readdirSync(at.folder), []);
  });

  it("stay where a process died, until somebody cleans up", async (t) => {
    const at = place(t);
    const other = new Other(t, at);
    const { slot } = await other.claimed();
    await other.kill();
    assert.deepEqual(readdirSync(at.folder), [build()]);
    assert.deepEqual(leftovers(at), { slots: 1, programs: 1 });
    assert.deepEqual(await cleanup("keep", at), {
      slots: [{ build: build(), slot, pid: other.child.pid, tasks: 0, removed: true }],
      programs: [build()],
    });
    assert.equal(existsSync(at.folder), false);
    assert.deepEqual(await cleanup("keep", at), { slots: [], programs: [] });
    assert.deepEqual(leftovers(at), { slots: 0, programs: 0 });
  });

  it("stay for tasks of a dead process's namespace, unless they are to be set free", async (t) => {
    const at = place(t);
    const mine = await installed(at);
    const other = new Other(t, at);
    const { slot } = await other.claimed();
    const namespaces = mine.map("galgo_namespaces");
    using view = new NamespaceView(namespaces, slot);
    view.addTasks(3);
    await other.kill();
    const dead = { build: build(), slot, pid: other.child.pid, tasks: 3 };
    assert.deepEqual(await cleanup("keep", at), {
      slots: [{ ...dead, removed: false }],
      programs: [],
    });
    await mine.close();
    assert.deepEqual(readdirSync(at.folder), [build()], "the last living one left, not the tasks");
    assert.deepEqual(await cleanup("remove", at), {
      slots: [{ ...dead, removed: true }],
      programs: [build()],
    });
  });

  it("do not give a slot's serial again", async (t) => {
    const at = place(t);
    const staying = await installed(at);
    const serials = [staying.serial];
    for (let round = 0; round < 3; round++) {
      const next = await installed(at);
      assert.equal(next.slot, 2);
      serials.push(next.serial);
      await next.close();
    }
    assert.equal(new Set(serials).size, 4);
  });

  it("take the slot of a dead process when there is no other", async (t) => {
    const at = place(t);
    const first = await installed(at);
    const other = new Other(t, at);
    const { slot } = await other.claimed();
    await other.kill();
    const next = await installed(at);
    assert.equal(next.slot, slot);
    await first.close();
  });

  it("of which there are too many users are refused", async (t) => {
    const at = place(t);
    const first = await installed(at);
    const { maxEntries } = first.map("galgo_namespaces").info;
    const [name = ""] = readdirSync(join(first.folder, "slots"));
    const full = Array.from({ length: maxEntries - 2 }, (_, i) => name.replace(/^1_/, `${i + 2}_`));
    for (const owner of full) mkdirSync(join(first.folder, "slots", owner));
    await assert.rejects(installed(at), {
      code: "BUSY",
      message: /63 namespaces are modeled .* galgo doctor --cleanup/,
    });
    for (const owner of full) rmdirSync(join(first.folder, "slots", owner));
  });

  it("of another build are another set", async (t) => {
    const at = place(t);
    const one = await installed(at);
    const copy = join(dirname(at.lock), "copy.o");
    copyFileSync(objectOf("installed"), copy);
    writeFileSync(copy, "\0", { flag: "a" }); // behind the end of the ELF file
    const two = await install({ object: copy, place: at });
    assert.equal(readdirSync(at.folder).length, 2);
    assert.equal(two.slot, 1);
    await two.close();
    assert.deepEqual(readdirSync(at.folder), [build()]);
    await one.close();
  });

  it("that were left unfinished are loaded again", async (t) => {
    const at = place(t);
    const other = new Other(t, at);
    await other.claimed();
    await other.kill();
    rmdirSync(join(at.folder, build(), "ready"));
    const one = await installed(at);
    assert.equal(one.slot, 1);
    assert.deepEqual(one.attached, ["count_calls"]);
  });

  it("that the kernel refuses leave nothing behind", async (t) => {
    const at = place(t);
    const object = objectOf("unresolved");
    await assert.rejects(install({ object, place: at }), /galgo_no_such_kfunc/);
    assert.deepEqual(readdirSync(at.folder), []);
  });

  it("need a BPF file system, and to be built", async (t) => {
    const lock = place(t).lock;
    const folder = join(tmpdir(), `galgo-no-bpffs-${process.pid}`);
    t.after(() => {
      rmSync(folder, { recursive: true, force: true });
    });
    await assert.rejects(install({ object: objectOf("installed"), place: { folder, lock } }), {
      code: "NO_BPFFS",
      message: /is on no BPF file system; as root: mount -t bpf bpf \/sys\/fs\/bpf/,
    });
    await assert.rejects(install({ object: "/no/galgo.bpf.o", place: { folder, lock } }), {
      code: "NO_PROGRAMS",
    });
  });
});

describe("a program", () => {
  it("is loaded where the kernel has what it is attached to", () => {
    const kernel = { hasFunction: (name: string) => /^(bpf_lsm_file_open|vfs_rename)$/.test(name) };
    for (const section of [
      "lsm/file_open",
      "lsm.s/file_open",
      "fexit/vfs_rename",
      "syscall",
      "iter/task",
    ])
      assert.equal(canAttach(section, kernel), true, section);
    for (const section of ["lsm/file_close", "lsm.s/vfs_rename", "fexit/file_open"])
      assert.equal(canAttach(section, kernel), false, section);
  });
});
