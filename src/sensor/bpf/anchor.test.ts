// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  accessSync,
  constants,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { constants as os, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { abortFuse } from "../../native/fuse.ffi.ts";
import { watchReadable } from "../../native/fd-passing.ffi.ts";
import { type Anchor, startAnchor } from "./anchor.ts";
import { anchorImage } from "./anchor-image.ts";
import type { AnswerQuestion } from "./fuse.ts";

const skip = whyNot() ?? false;

function whyNot(): string | undefined {
  if (process.getuid?.() !== 0) return "only root may mount a FUSE file system";
  try {
    accessSync("/dev/fuse", constants.R_OK | constants.W_OK);
    return undefined;
  } catch {
    return "there is no /dev/fuse that can be opened";
  }
}

/** A process that does one call after another as it is told, each on a line, and says what came of it. */
class Asker {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(t: TestContext) {
    const script = join(import.meta.dirname, "../../../test/helpers/attribute-reader.ts");
    this.#child = spawn(process.execPath, ["--import", "tsx", script], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const { stdout } = this.#child;
    assert.ok(stdout);
    this.#lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
    t.after(() => this.#child.kill("SIGKILL"));
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  /** Value in hex, or the name of an errno. */
  async ask(path: string, name = "user.galgo", bytes = 16): Promise<string> {
    this.begin(path, name, bytes);
    return await this.answer();
  }

  begin(path: string, name = "user.galgo", bytes = 16): void {
    this.#child.stdin?.write(`${path} ${name} ${bytes}\n`);
  }

  async answer(): Promise<string> {
    const { value } = await this.#lines.next();
    return String(value);
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async ended(): Promise<NodeJS.Signals | null> {
    const [, signal] = (await once(this.#child, "exit")) as [number | null, NodeJS.Signals | null];
    return signal;
  }
}

/** An anchor that this thread serves on its event loop. */
async function served(t: TestContext, answer: AnswerQuestion): Promise<Anchor> {
  const anchor = await startAnchor(answer);
  const watch = watchReadable(anchor.fuseFd, () => {
    if (anchor.server.drain() === "ended") watch.close();
  });
  t.after(() => {
    watch.close();
    anchor.close();
  });
  return anchor;
}

const exe = (pid: number): string => `/proc/${pid}/exe`;

describe("the anchor", { skip }, () => {
  it("sleeps, holds nothing, and lies on no mounted file system", async (t) => {
    const anchor = await served(t, () => 0);
    const status = (): string => readFileSync(`/proc/${anchor.pid}/status`, "latin1");
    await waitUntil(() => readdirSync(`/proc/${anchor.pid}/fd`).length === 0);
    await waitUntil(() => /^State:\s+S/m.test(status()));
    assert.match(status(), /^SigBlk:\s+fffffffffff[be]feff$/m, "all but SIGKILL and SIGSTOP");
    const stat = readFileSync(`/proc/${anchor.pid}/stat`, "latin1").split(") ")[1]?.split(" ");
    assert.equal(Number(stat?.[3]), anchor.pid, "leads a session of its own");
    const mounts = readFileSync("/proc/self/mountinfo", "latin1");
    const { major, minor } = anchor.device;
    assert.ok(!mounts.includes(` ${major}:${minor} `));
    assert.equal(anchor.device.value, major * 2 ** 20 + minor);
    assert.match(readlinkSync(exe(anchor.pid)), /^\//);
  });

  it("ends with the process that started it", async (t) => {
    const child = spawn(
      process.execPath,
      ["--import", "tsx", join(import.meta.dirname, "../../../test/helpers/anchor-holder.ts")],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    t.after(() => child.kill("SIGKILL"));
    assert.ok(child.stdout);
    const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
    const pid = Number(line);
    const before = readFileSync(`/proc/${pid}/comm`, "latin1");
    child.kill("SIGKILL");
    await once(child, "exit");
    assert.notEqual(before, "");
    await waitUntil(() => isGone(pid));
  });

  it("ends at once where the process that starts it is another one", (t) => {
    const folder = mkdtempSync(join(tmpdir(), "galgo-anchor-"));
    t.after(() => {
      rmSync(folder, { recursive: true, force: true });
    });
    const program = join(folder, "anchor");
    writeFileSync(program, anchorImage(1) ?? "", { mode: 0o755 });
    assert.equal(spawnSync(program).status, 0);
  });

  it("is a small program for the processors that Galgo runs on", () => {
    for (const arch of ["x64", "arm64"]) {
      const image = anchorImage(1234, arch);
      assert.equal(image?.readUInt32LE(image.length - 4), 1234);
      assert.equal(image?.toString("latin1", 1, 4), "ELF");
      assert.ok((image?.length ?? 0) < 300);
    }
    assert.equal(anchorImage(1, "mips"), undefined);
  });
});

describe("a question through FUSE", { skip }, () => {
  it("is answered to who asked it", async (t) => {
    const asked: number[] = [];
    const anchor = await served(t, (pid, answer) => {
      asked.push(pid);
      answer.writeUInt32LE(asked.length, 0);
      answer.writeUInt32LE(7, 12);
      return 0;
    });
    const asker = new Asker(t);
    assert.equal(await asker.ask(exe(anchor.pid)), "01000000000000000000000007000000");
    assert.equal(await asker.ask(exe(anchor.pid)), "02000000000000000000000007000000");
    assert.deepEqual(asked, [asker.pid, asker.pid]);
    assert.equal(anchor.server.questions, 2);
  });

  it("gets the errno that was chosen", async (t) => {
    const errors = [os.errno.EPERM, os.errno.ENOSYS];
    const anchor = await served(t, () => errors.shift() ?? 0);
    const asker = new Asker(t);
    assert.equal(await asker.ask(exe(anchor.pid)), "EPERM");
    assert.equal(await asker.ask(exe(anchor.pid)), "EIO", "ENOSYS would be the last answer");
    assert.equal(await asker.ask(exe(anchor.pid)), "00".repeat(16));
  });

  it("is told from other attributes, other sizes and other calls", async (t) => {
    let asked = 0;
    const anchor = await served(t, () => {
      asked++;
      return 0;
    });
    const asker = new Asker(t);
    const path = exe(anchor.pid);
    assert.equal(await asker.ask(path, "user.galgo2"), "ENODATA");
    assert.equal(await asker.ask(path, "user.galg"), "ENODATA");
    assert.equal(await asker.ask(path, "security.capability"), "ENODATA");
    assert.equal(await asker.ask(path, "user.galgo", 15), "ERANGE");
    assert.equal(await asker.ask(path, "user.galgo", 0), "16 bytes");
    assert.equal(await asker.ask(path, "open-for-writing"), "ETXTBSY");
    assert.equal(await asker.ask(path, "read"), anchorImage(process.pid)?.toString("hex"));
    assert.equal(asked, 0);
  });

  it("does not outlive its asker, and a signal does not make it fail", async (t) => {
    let signal: NodeJS.Signals = "SIGCHLD";
    const victims: Asker[] = [];
    const anchor = await served(t, () => {
      // the asker waits in the kernel: it gets the signal there, and still the whole answer
      victims[0]?.kill(signal);
      return 0;
    });
    const first = new Asker(t);
    victims[0] = first;
    assert.equal(await first.ask(exe(anchor.pid)), "00".repeat(16));
    signal = "SIGKILL";
    first.begin(exe(anchor.pid));
    assert.equal(await first.ended(), "SIGKILL");
    const second = new Asker(t);
    victims.length = 0;
    assert.equal(await second.ask(exe(anchor.pid)), "00".repeat(16));
  });

  it("fails at once for all that wait when the server is killed", async (t) => {
    const holder = spawn(
      process.execPath,
      [
        "--import",
        "tsx",
        join(import.meta.dirname, "../../../test/helpers/anchor-holder.ts"),
        "silent",
      ],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    t.after(() => holder.kill("SIGKILL"));
    assert.ok(holder.stdout);
    const lines = createInterface({ input: holder.stdout })[Symbol.asyncIterator]();
    const pid = Number((await lines.next()).value);
    const asker = new Asker(t);
    asker.begin(exe(pid));
    assert.equal((await lines.next()).value, `asked by ${asker.pid}`);
    const killed = performance.now();
    holder.kill("SIGKILL");
    assert.match(await asker.answer(), /^(ENOTCONN|ECONNABORTED)$/);
    t.diagnostic(`${(performance.now() - killed).toFixed(1)} ms from the kill to the error`);
  });

  it("fails at once for all that wait when the connection is aborted", async (t) => {
    const asker = new Asker(t);
    let served: Anchor | undefined;
    const anchor = await startAnchor(() => {
      assert.equal(abortFuse(served?.device.minor ?? -1), true);
      return 0;
    });
    served = anchor;
    let ended = false;
    const watch = watchReadable(anchor.fuseFd, () => {
      ended = anchor.server.drain() === "ended";
      if (ended) watch.close();
    });
    t.after(() => {
      anchor.close();
    });
    assert.match(await asker.ask(exe(anchor.pid)), /^(ENOTCONN|ECONNABORTED)$/);
    await waitUntil(() => ended);
    anchor.close();
    await waitUntil(() => !abortFuse(anchor.device.minor));
  });
});

function isGone(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, "latin1").includes(") Z ");
  } catch {
    return true;
  }
}

/** Nothing tells of it: looked at again and again. */
async function waitUntil(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setImmediate(resolve));
}
