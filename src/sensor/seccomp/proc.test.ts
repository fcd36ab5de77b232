// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import {
  childrenOf,
  parseStatus,
  pidsInNamespaces,
  readProc,
  readStatus,
  threadsOf,
} from "./proc.ts";

/** As the kernel prints it (proc_pid_status(5)), with what matters here. */
function statusText(more: Readonly<Record<string, string>> = {}): string {
  const members = {
    Name: "sh",
    Umask: "0022",
    State: "S (sleeping)",
    Tgid: "10",
    Ngid: "0",
    Pid: "11",
    PPid: "9",
    TracerPid: "0",
    Uid: "1\t2\t3\t4",
    Gid: "5\t6\t7\t8",
    FDSize: "256",
    Groups: "4 24 27 ",
    NStgid: "10",
    NSpid: "11",
    Threads: "3",
    CapInh: "0000000000000000",
    CapPrm: "000001ffffffffff",
    CapEff: "000001fffffffffe",
    ...more,
  };
  return Object.entries(members)
    .map(([name, value]) => `${name}:\t${value}\n`)
    .join("");
}

test("members of a status file", () => {
  assert.deepEqual(parseStatus(statusText()), {
    name: "sh",
    umask: 0o22,
    tgid: 10,
    ppid: 9,
    threads: 3,
    isInit: false,
    label: "",
    coe: {
      uid: 1,
      euid: 2,
      suid: 3,
      fsuid: 4,
      gid: 5,
      egid: 6,
      sgid: 7,
      fsgid: 8,
      capeff: 0x1fffffffffen,
    },
    groups: [4, 24, 27],
  });
});

test("names of any bytes, as the kernel escapes them", () => {
  const names: readonly (readonly [string, string])[] = [
    ["a b", "a b"],
    ["(sd-pam)", "(sd-pam)"],
    ["tab\there", "tab\there"],
    ["new\\nline", "new\nline"],
    ["back\\\\slash", "back\\slash"],
    ["\\\\n", "\\n"],
    ["\\\\\\n", "\\\n"],
    ["", ""],
    ["Uid:\t0\t0\t0\t0", "Uid:\t0\t0\t0\t0"],
    ["\\nUid:\t0", "\nUid:\t0"],
  ];
  for (const [escaped, name] of names) {
    const status = parseStatus(statusText({ Name: escaped }));
    assert.equal(status?.name, name);
    assert.equal(status?.coe.uid, 1, name);
  }
});

test("no supplementary groups, and many", () => {
  assert.deepEqual(parseStatus(statusText({ Groups: " " }))?.groups, []);
  const many = Array.from({ length: 65_536 }, (_, index) => index);
  assert.deepEqual(parseStatus(statusText({ Groups: `${many.join(" ")} ` }))?.groups, many);
});

test("the first process of a namespace below", () => {
  assert.equal(parseStatus(statusText({ NSpid: "4711\t1" }))?.isInit, true);
  assert.equal(parseStatus(statusText({ NSpid: "4711\t21" }))?.isInit, false);
  assert.equal(parseStatus(statusText({ NSpid: "1" }))?.isInit, false);
});

test("numbers in namespaces, from the outermost inwards", () => {
  const text = statusText({ NStgid: "100\t5\t1", NSpid: "101\t6\t2" });
  assert.deepEqual(pidsInNamespaces(text), { tgids: [100, 5, 1], tids: [101, 6, 2] });
  assert.equal(pidsInNamespaces("Name:\tx\n"), undefined);
});

test("a text without ids is no status", () => {
  assert.equal(parseStatus(""), undefined);
  assert.equal(parseStatus("Name:\tx\n"), undefined);
  assert.equal(parseStatus(statusText({ Uid: "1\t2\t3" })), undefined);
});

test("no text makes it fail", () => {
  fc.assert(
    fc.property(
      fc.string({ maxLength: 200 }),
      fc.constantFrom("Uid", "CapEff", "NSpid", "Groups"),
      (text, name) => {
        const safe = text.replaceAll("\n", " ");
        try {
          parseStatus(statusText({ [name]: safe }));
        } catch (error) {
          // only hexadecimal digits come from the kernel here
          assert.ok(name === "CapEff" && error instanceof SyntaxError);
        }
      },
    ),
  );
});

test("this process", () => {
  const status = readStatus(process.pid);
  assert.equal(status?.tgid, process.pid);
  assert.equal(status?.ppid, process.ppid);
  assert.equal(status?.coe.euid, process.geteuid?.());
  assert.deepEqual(threadsOf(process.pid).includes(`${process.pid}`), true);
  assert.equal(readStatus(4_194_305), undefined);
});

test("files larger than the buffer are read whole", () => {
  // this process has more mappings than fit into the first buffer, or soon will
  const own = readProc("/proc/self/smaps");
  assert.ok(own !== undefined && own.length > 16_384);
  assert.equal(own.endsWith("\n"), true);
  assert.equal(readProc("/proc/self/nothing"), undefined);
  assert.equal(readProc("/proc/version"), readFileSync("/proc/version", "latin1"));
});

test("children, whichever thread has made them", async (t) => {
  const child = spawn(process.execPath, ["-e", "process.stdin.resume()"], {
    stdio: ["pipe", "ignore", "ignore"],
  });
  const gone = new Promise((resolve) => child.once("exit", resolve));
  t.after(async () => {
    child.kill("SIGKILL");
    await gone;
  });
  assert.ok(childrenOf(process.pid).includes(child.pid ?? 0));
  assert.deepEqual(childrenOf(4_194_305), []);
});
