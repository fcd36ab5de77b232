// SPDX-License-Identifier: Apache-2.0
// Arguments that are rewritten while a call is held: what was denied is never reached, or, where the call had to go on in
// the task (programs, local sockets, openat2 with O_PATH), each time it was reached is reported.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import {
  type Workplace,
  buildFixture,
  openWorkplace,
  withoutCompiler,
} from "../helpers/fixture.ts";
import { type DenyRule, type Sensed, runSensed } from "../helpers/sensed.ts";

const skip = withoutCompiler;
const DEADLINE_MS = 240_000;

let workplace: Workplace;
let program = "";
let deniedProgram = "";

before(() => {
  if (skip !== false) return;
  workplace = openWorkplace();
  program = buildFixture(workplace.folder, "race", ["race.c"]);
  deniedProgram = buildFixture(workplace.folder, "race-denied", ["race.c"], ["-DDENIED"]);
});

after(() => {
  workplace?.dispose();
});

function freshFolder(): string {
  const folder = join(workplace.folder, "work");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  return folder;
}

const OF_NAMES: ReadonlySet<string> = new Set(["open", "create", "unlink", "rename", "chmod"]);
const AS_USER = ["--reuid=1000", "--regid=1000", "--clear-groups", "--"];
const where = (name: string): string =>
  spawnSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).stdout.trim();
/** The workload is a user that is root in a namespace of its own; under an agent of root it is another user first. */
const IN_NAMESPACE = [
  ...(process.geteuid?.() === 0 ? [where("setpriv"), ...AS_USER] : []),
  where("unshare"),
  "--user",
  "--map-root-user",
  "--",
];
const tried = spawnSync(IN_NAMESPACE[0] ?? "", [...IN_NAMESPACE.slice(1), "true"]);
const withoutNamespace =
  skip || (tried.status === 0 ? false : "needs setpriv, unshare and user namespaces");

/** A free port of the loopback; nobody else of this test takes it meanwhile. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" ? (address?.port ?? 0) : 0));
    });
  });
}

/** Ports in events are the words of memory read as numbers. */
const inMemory = (port: number): number => ((port & 0xff) << 8) | (port >> 8);

interface Race {
  readonly kind: string;
  readonly how: "thread" | "process" | "none";
  readonly count: number;
  /** Hook whose events of the denied side are denied; the text is its name or port. */
  readonly deny: string;
  readonly files?: readonly string[];
}

/** Kinds whose two sides are ports; the others' are names. */
const BY_PORT: ReadonlySet<string> = new Set(["connect", "bind", "dissolve", "sendto", "sendmsg"]);

interface Outcome extends Sensed {
  readonly allowed: number;
  readonly wrong: number;
}

/** Text in the CELL of what is denied. */
function deniedText(kind: string, port: number): string {
  if (kind === "content")
    return createHash("sha256").update(readFileSync(deniedProgram)).digest("hex");
  return BY_PORT.has(kind) ? `"port":${inMemory(port)},` : "deniedx";
}

async function run(
  { kind, how, count, deny, files = [] }: Race,
  prefix: readonly string[] = [],
): Promise<Outcome> {
  const folder = freshFolder();
  chmodSync(folder, 0o777);
  for (const name of files) {
    writeFileSync(join(folder, name), name);
    if (prefix.length > 0 && process.geteuid?.() === 0) chownSync(join(folder, name), 1000, 1000);
  }
  if (kind === "exec" || kind === "content") {
    copyFileSync(program, join(folder, "allowed"));
    copyFileSync(deniedProgram, join(folder, "deniedx"));
    writeFileSync(
      join(folder, "inverted"),
      readFileSync(deniedProgram).map((byte) => byte ^ 0xff),
    );
  }
  const [allowedPort, deniedPort] = [await freePort(), await freePort()];
  const text = deniedText(kind, deniedPort);
  const rules: DenyRule[] = [{ hook: deny, text }];
  // in place of a port: how long the writer waits at most, in turns of a loop
  const first = kind === "content" ? 100_000 : allowedPort;
  const command = [...prefix, program, kind, how, `${count}`, `${first}`, `${deniedPort}`];
  const sensed = await runSensed(command, {
    cwd: folder,
    deny: rules,
    enforcing: true,
    digests: kind === "content",
    keep: [],
    deadlineMs: DEADLINE_MS,
  });
  assert.equal(sensed.failed, undefined);
  assert.equal(sensed.late, false, sensed.output);
  const numbers = /^(\d+) (\d+) (\d+)\n$/.exec(sensed.output);
  assert.ok(numbers !== null, sensed.output);
  const [allowed = 0, wrong = 0] = numbers.slice(1).map(Number);
  assert.ok(sensed.denied > 0, "the denied side was never tried");
  assert.ok(sensed.fdsAfter <= sensed.fdsBefore, "the sensor has kept descriptors");
  return { ...sensed, allowed, wrong };
}

const BOTH = ["allowed", "deniedx"];
const PREVENTED: readonly Omit<Race, "how">[] = [
  { kind: "open", count: 10_000, deny: "file_open", files: BOTH },
  { kind: "special", count: 2_000, deny: "file_open", files: BOTH },
  { kind: "create", count: 2_000, deny: "inode_create" },
  { kind: "unlink", count: 2_000, deny: "inode_unlink", files: BOTH },
  { kind: "rename", count: 2_000, deny: "inode_rename", files: BOTH },
  { kind: "chmod", count: 2_000, deny: "inode_setattr", files: BOTH },
  { kind: "connect", count: 2_000, deny: "socket_connect" },
  { kind: "dissolve", count: 2_000, deny: "socket_connect" },
  { kind: "sendto", count: 2_000, deny: "socket_sendmsg" },
  { kind: "sendmsg", count: 2_000, deny: "socket_sendmsg" },
];

for (const race of PREVENTED) {
  for (const how of ["thread", "process"] as const) {
    test(`${race.kind}, rewritten by a ${how}: the denied one is never reached`, {
      skip,
    }, async () => {
      const outcome = await run({ ...race, how });
      assert.equal(outcome.wrong, 0);
      assert.ok(outcome.allowed > 0);
      assert.deepEqual(outcome.violations, []);
    });
  }
}

for (const race of PREVENTED.filter(({ kind }) => OF_NAMES.has(kind))) {
  test(`${race.kind} in a user namespace: the denied one is never reached`, {
    skip: withoutNamespace,
  }, async () => {
    const outcome = await run({ ...race, how: "thread" }, IN_NAMESPACE);
    assert.equal(outcome.wrong, 0);
    assert.ok(outcome.allowed > 0);
    assert.deepEqual(outcome.violations, []);
  });
}

test("bind: the denied port is never bound", { skip }, async () => {
  const outcome = await run({ kind: "bind", how: "thread", count: 2_000, deny: "socket_bind" });
  assert.equal(outcome.wrong, 0);
  assert.ok(outcome.allowed > 0);
});

const REPORTED: readonly Race[] = [
  { kind: "exec", how: "none", count: 200, deny: "file_open" },
  { kind: "content", how: "none", count: 400, deny: "file_open" },
  { kind: "local", how: "thread", count: 2_000, deny: "socket_connect" },
  { kind: "waiting", how: "process", count: 2_000, deny: "file_open", files: BOTH },
  { kind: "path-open", how: "process", count: 2_000, deny: "file_open", files: BOTH },
];

for (const race of REPORTED) {
  test(`${race.kind}: each time the denied one is reached it is reported`, { skip }, async (t) => {
    const outcome = await run(race);
    assert.equal(outcome.violations.length, outcome.wrong);
    t.diagnostic(`reached ${outcome.wrong} times`);
  });
}
