// SPDX-License-Identifier: Apache-2.0
// The mounted files as programs see them: real cat, grep, tail and shells on a directory that another process serves.
import assert from "node:assert/strict";
import { closeSync, constants, openSync, readdirSync, readFileSync, statSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { aFile, anEvent } from "../../../test/helpers/events.ts";
import {
  eventually,
  hasEnded,
  isMounted,
  Mounted,
  start,
  withoutMounts,
} from "../../../test/helpers/mounted.ts";
import { writeRecord } from "../../event/index.ts";
import { abortFuse } from "../../native/fuse.ffi.ts";
import { FILE_NAMES } from "./files.ts";

const NOBODY = 65_534;

function record(path: string, mark = ""): string {
  return `${writeRecord(anEvent("file_open", { file: aFile(path) })).slice(0, -1)}${mark}}`;
}

const violation = (path: string, number: number): string =>
  record(path, `, "galgo": {"kind": "violation", "number": ${number}, "decision": "denied"}`);
const refused = (path: string): string =>
  record(path, ', "galgo": {"kind": "refused", "number": 1, "decision": "denied"}');

/** Of a device number as Linux writes it (makedev(3)). */
function minorOf(device: number): number {
  return (device & 0xff) | ((device >>> 12) & 0xfff00);
}

describe("mounted namespaces", { skip: withoutMounts, timeout: 60_000 }, () => {
  let mounted: Mounted;

  before(async () => {
    mounted = await Mounted.start();
    await mounted.order({
      id: "one",
      kind: "trajectory",
      lines: Array.from({ length: 3000 }, (_, at) => record(`/srv/file-${at}`)),
    });
    await mounted.order({
      id: "one",
      kind: "forensics",
      lines: [violation("/etc/shadow", 1), refused("/etc/passwd")],
    });
  });
  after(() => mounted.remove());

  it("has a directory for each namespace, and a link for its name", async () => {
    const { stdout } = await mounted.run("sh", "-c", "ls; readlink web; ls web");
    assert.deepEqual(stdout.split("\n"), [
      "batch",
      "one",
      "two",
      "web",
      "one",
      ...[...FILE_NAMES].sort(),
      "",
    ]);
  });

  it("gives values and lists as lines", async () => {
    const { stdout } = await mounted.run(
      ...["sh", "-c", "cd web; cat id state measurement; cat trajectory_co*; cat forensics_co*"],
    );
    assert.deepEqual(stdout.trim().split("\n"), [
      ...["one", "aa".repeat(32), "bb".repeat(32)],
      ...["01".repeat(32), "03".repeat(32), "5", "12", "02".repeat(32), "1"],
    ]);
  });

  it("gives records in TSEM's form, at their sizes, to programs that read in their own ways", async () => {
    const { stdout } = await mounted.run("cat", "web/trajectory");
    const lines = stdout.trim().split("\n");
    assert.equal(lines.length, 3000);
    const first = JSON.parse(lines[0] ?? "") as Readonly<Record<string, object>>;
    assert.deepEqual(Object.keys(first), ["event", "COE", "file_open"]);
    const script =
      "grep -c 'file-12[\"]' web/trajectory; stat -c %s web/trajectory; wc -lc <web/trajectory; tail -n 1 web/trajectory; head -c 20 web/trajectory; dd if=web/trajectory bs=7 skip=100 count=3 status=none";
    const ran = await mounted.run("sh", "-c", script);
    assert.equal(
      ran.stdout.replace(/^ +/gm, "").replace(/ +(?=\d+\n)/, " "),
      `1\n${stdout.length}\n3000 ${stdout.length}\n${lines.at(-1)}\n${stdout.slice(0, 20)}${stdout.slice(700, 721)}`,
    );
    const copied = await mounted.run(
      "sh",
      "-c",
      "cp web/trajectory ../copy && cmp ../copy web/trajectory",
    );
    assert.deepEqual(copied, { status: 0, signal: null, stdout: "", stderr: "" });
  });

  it("has violations in forensics, not what untrusted processes were refused", async () => {
    const { stdout } = await mounted.run("cat", "web/forensics");
    assert.match(stdout, /^[^\n]*\/etc\/shadow[^\n]*\n$/);
    assert.doesNotMatch(stdout, /galgo/);
  });

  it("lets tail -f see what comes, to the last record of a workload that ends", async () => {
    await mounted.order({ id: "two", kind: "forensics", lines: [violation("/first", 1)] });
    const tail = start(mounted.folder, ["tail", "-n", "5", "-s", "0.1", "-f", "batch/forensics"]);
    try {
      await eventually(() => /first/.exec(tail.output()) ?? undefined, "the first record");
      await mounted.order({ id: "two", kind: "forensics", lines: [violation("/second", 2)] });
      await eventually(() => /second/.exec(tail.output()) ?? undefined, "the second record");
      const inside = openSync(`${mounted.folder}/two`, constants.O_DIRECTORY);
      await mounted.order({ id: "two", kind: "forensics", lines: [violation("/last", 3)] });
      await mounted.order({ end: "two" });
      await eventually(() => /last/.exec(tail.output()) ?? undefined, "the last record");
      // the list may be a moment old
      while ((await mounted.run("ls")).stdout !== "one\nweb\n");
      // not as a file without records: that would say that nothing has happened
      for (const file of ["trajectory", "forensics", "state"])
        assert.throws(() => readFileSync(`/proc/self/fd/${inside}/${file}`), { code: "ESRCH" });
      closeSync(inside);
    } finally {
      tail.process.kill();
    }
    const { stdout } = await tail.ended;
    assert.equal(stdout.trim().split("\n").length, 3, "each record once");
  });

  it("takes TSEM's commands at control, and says what is none", async () => {
    const hex = "0f".repeat(32);
    const write = (text: string) =>
      mounted.run("bash", "-c", `echo $$; printf '${text}' >web/control`);
    const before = mounted.orders.length;
    assert.equal(
      (await write(`state value=${hex.toUpperCase()}\\nbase value=${hex}\\nenforce\\n`)).status,
      0,
    );
    const sealing = await write("seal\\n");
    assert.equal(sealing.status, 0);
    const asker = await eventually(() => mounted.askers[before + 3], "the order to seal");
    assert.equal(`${asker}\n`, sealing.stdout);
    assert.match((await write("seal\\n")).stderr, /Operation not permitted/);
    for (const wrong of [
      "seal",
      "unseal\\n",
      "state value=xyz\\n",
      "state  value=00\\n",
      "state\\n",
      "\\n",
    ])
      assert.match((await write(wrong)).stderr, /Invalid argument/, wrong);
    // what comes before a wrong line is done
    assert.match((await write(`pseudonym value=${hex}\\nnonsense\\n`)).stderr, /Invalid argument/);
    await eventually(() => mounted.orders[before + 4], "the last order");
    assert.deepEqual(mounted.orders.slice(before), [
      { id: "one", verb: "state", value: hex },
      { id: "one", verb: "base", value: hex },
      { id: "one", verb: "enforce" },
      { id: "one", verb: "seal" },
      { id: "one", verb: "pseudonym", value: hex },
    ]);
  });

  it("shows who is there to everybody, and the rest to the owner only", async () => {
    const asNobody = (script: string) => start(mounted.folder, ["sh", "-c", script], NOBODY).ended;
    assert.match((await asNobody("ls")).stdout, /^one$/m);
    assert.match((await asNobody("cat one/state")).stderr, /Permission denied/);
    assert.match((await asNobody("echo seal >one/control")).stderr, /Permission denied/);
    const { stdout } = await mounted.run(
      "stat",
      "-c",
      "%A %u %n",
      "one",
      "one/state",
      "one/control",
    );
    assert.equal(stdout, "dr-x------ 0 one\n-r-------- 0 one/state\n--w------- 0 one/control\n");
    // root passes all checks of modes
    assert.match((await mounted.run("cat", "one/control")).stderr, /Permission denied/);
    assert.match(
      (await mounted.run("bash", "-c", "echo x >one/state")).stderr,
      /Permission denied/,
    );
    assert.match((await mounted.run("chmod", "644", "one/control")).stderr, /not permitted/);
    assert.equal((await mounted.run("truncate", "-s", "0", "one/control")).status, 0);
    assert.match((await mounted.run("rm", "one/state")).stderr, /not permitted/);
  });

  it("does not hold a reader that is told to end while the daemon does not answer", async () => {
    await mounted.order({ stuck: true });
    const reader = start(mounted.folder, ["cat", "one/trajectory"]);
    const waits = (): true | undefined =>
      readFileSync(`/proc/${reader.process.pid}/wchan`, "utf8").includes("wait_answer") ||
      undefined;
    await eventually(waits, "the wait for an answer");
    reader.process.kill("SIGTERM");
    assert.equal((await reader.ended).signal, "SIGTERM");
    await mounted.order({ stuck: false });
    assert.equal((await mounted.run("wc", "-l", "one/trajectory")).stdout, "3000 one/trajectory\n");
  });
});

describe("the end of a mount", { skip: withoutMounts, concurrency: 3 }, () => {
  const gone = (mounted: Mounted): Promise<true> =>
    eventually(() => (isMounted(mounted.folder) ? undefined : true), "the unmount");

  it("comes with a signal, also while files are open", async () => {
    const mounted = await Mounted.start();
    try {
      await mounted.order({ id: "one", kind: "trajectory", lines: [record("/first")] });
      const tail = start(mounted.folder, ["tail", "-s", "0.1", "-f", "web/trajectory"]);
      await eventually(() => /first/.exec(tail.output()) ?? undefined, "the first record");
      assert.equal(await mounted.signal("SIGINT"), 0);
      assert.equal(isMounted(mounted.folder), false);
      tail.process.kill();
      await tail.ended;
    } finally {
      await mounted.remove();
    }
  });

  it("comes with an unmount by hand, which ends the server", async () => {
    const mounted = await Mounted.start();
    try {
      const ended = mounted.ended;
      assert.equal((await start("/", ["umount", mounted.folder]).ended).status, 0);
      assert.equal(await ended, 0);
    } finally {
      await mounted.remove();
    }
  });

  it("comes with the end of the connection, too", async () => {
    const mounted = await Mounted.start();
    try {
      assert.equal(abortFuse(minorOf(statSync(mounted.folder).dev)), true);
      assert.equal(await mounted.ended, 0);
      assert.equal(isMounted(mounted.folder), false);
    } finally {
      await mounted.remove();
    }
  });

  it("that nobody has cleared yet is cleared by the next server, and only once", async () => {
    const dead = await Mounted.start();
    const shell = await dead.killWithoutWatch();
    assert.equal(isMounted(dead.folder), true);
    const mounted = await dead.again();
    try {
      process.kill(shell, "SIGCONT");
      await eventually(() => (hasEnded(shell) ? true : undefined), "the end of the shell");
      assert.equal((await mounted.run("cat", "web/id")).stdout, "one\n");
      const mounts = readFileSync("/proc/self/mountinfo", "utf8").split(` ${mounted.folder} `);
      assert.equal(mounts.length, 2, "one mount, not one over the other");
    } finally {
      await mounted.remove();
    }
  });

  for (const way of ["mount", "fusermount3"])
    it(`comes after kill -9 (${way})`, async () => {
      const mounted = await Mounted.start(way);
      try {
        assert.equal((await mounted.run("cat", "web/id")).stdout, "one\n");
        await mounted.signal("SIGKILL");
        await gone(mounted);
        assert.deepEqual(readdirSync(mounted.folder), []);
      } finally {
        await mounted.remove();
      }
    });
});
