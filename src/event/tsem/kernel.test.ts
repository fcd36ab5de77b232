// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  aLine,
  CONTENT,
  fileText,
  INODE_TEXT,
  openLine,
  openLine2025,
  pathText,
  symlinkLine,
  TASK_ID,
} from "../../../test/helpers/tsem-lines.ts";
import type { SecurityEvent } from "../event.ts";
import { RecordError, type RecordErrorCode } from "../record-error.ts";
import { recordState } from "./kernel.ts";
import { joinedState } from "./lines.ts";
import { readTsemRecord } from "./read.ts";
import { Scanner, scanned } from "./scanner.ts";

function eventOf(line: string): SecurityEvent {
  const record = readTsemRecord(line);
  assert.ok("event" in record && record.event !== undefined, line);
  return record.event;
}

function openedName(line: string): string {
  const event = eventOf(line);
  assert.equal(event.hook, "file_open");
  return event.hook === "file_open" ? event.cell.file.path.pathname : "";
}

function refusal(line: string): RecordErrorCode {
  try {
    readTsemRecord(line);
  } catch (error) {
    assert.ok(error instanceof RecordError, String(error));
    return error.code;
  }
  return assert.fail(`it was read: ${line}`);
}

/** Every blank outside of strings left out, as jq -c writes; texts have to be plain. */
const compact = (line: string): string => JSON.stringify(JSON.parse(line));

describe("records of a kernel", () => {
  it("say what happened, and who waits", () => {
    const event = eventOf(openLine("/usr/bin/bash"));
    assert.deepEqual(
      { ...event, coe: event.coe.capeff, cell: undefined },
      {
        hook: "file_open",
        pid: 1234,
        context: 1,
        number: 5n,
        process: "bash",
        task: { taskId: TASK_ID, pTaskId: "78".repeat(32) },
        ttd: 11n,
        pTtd: 10n,
        ts: 106001000234n,
        coe: 0x1ffffffffffn,
        cell: undefined,
      },
    );
    assert.equal(readTsemRecord(openLine("/x")).kind, "event");
    assert.equal(readTsemRecord(openLine("/x", { kind: "async_event" })).kind, "async_event");
    assert.equal(readTsemRecord(openLine("/x", { kind: "" })).kind, "trajectory");
    assert.equal(eventOf(openLine("/x", { kind: "" })).pid, 0);
    assert.equal(eventOf(openLine2025("/x")).tnum, 77n);
  });

  it("of untrusted tasks come in two forms", () => {
    const short =
      '{"export": {"type": "log"}, "log": {"process": "ba"sh", "event": "socket_create", "action": "DENY"}}';
    assert.deepEqual(readTsemRecord(short), {
      kind: "log",
      process: 'ba"sh',
      hook: "socket_create",
      action: "DENY",
    });
    const long = readTsemRecord(openLine("/x", { kind: "log" }));
    assert.ok(long.kind === "log" && long.event?.hook === "file_open" && long.hook === "file_open");
    assert.equal(refusal(short.replace("DENY", "MAYBE")), "NOT_JSON");
    const json = compact(short.replace('ba"', "ba"));
    assert.equal(readTsemRecord(json).kind, "log");
    assert.equal(refusal(json.replace("DENY", "MAYBE")), "BAD_MEMBER");
    assert.equal(refusal(json.replace("socket_create", "no hook")), "BAD_MEMBER");
  });

  it("may be an aggregate, or say nothing", () => {
    const value = "de".repeat(32);
    const line = `{"export": {"type": "aggregate"}, "aggregate": {"value": "${value}"}}`;
    assert.deepEqual(readTsemRecord(line), { kind: "aggregate", value });
    assert.deepEqual(readTsemRecord(compact(line)), { kind: "aggregate", value });
    for (const nothing of [
      '{"export": {"type": "event"}, }',
      '{"export": {"type": "event"}}',
      '{"export":{"type":"event"}}',
    ]) {
      assert.deepEqual(readTsemRecord(nothing), { kind: "nothing" });
    }
    assert.equal(refusal('{"export": {"type": "weather"}, }'), "NOT_JSON");
    assert.equal(refusal('{"export":{"type":"weather"}}'), "BAD_MEMBER");
  });

  it("of 2024 and 2023 use other names", () => {
    const kill = eventOf(
      aLine("task_kill", `{"cross": "1", "signal": "15", "target": "${TASK_ID}"}`),
    );
    assert.deepEqual(kill.cell, { crossNs: 1, sig: 15, target: TASK_ID });
    const exec = eventOf(
      aLine("bprm_committing_creds", `{"file": ${fileText(pathText("/bin/sh"))}}`),
    );
    assert.equal(exec.hook, "bprm_committed_creds");
    const map = '{"type": "1", "reqprot": "3", "prot": "3", "flags": "34"}';
    assert.deepEqual(eventOf(aLine("mmap_file", map)).cell, { prot: 3, flags: 34 });
    // What today's CELL has no place for.
    assert.equal(refusal(aLine("mmap_file", map.replace('"3"', '"7"'))), "BAD_MEMBER");
    const ofFile = `{"type": "0", "reqprot": "3", "prot": "3", "file": ${fileText(pathText("/x"))}}`;
    assert.equal(refusal(aLine("mmap_file", ofFile)), "BAD_MEMBER");
    for (const text of [
      '{"map": {"map_type": "2"}, "fmode": "3"}',
      '{"map": {"map_type": "2", "fmode": "3"}}',
    ]) {
      assert.deepEqual(eventOf(aLine("bpf_map", text)).cell, { mapType: 2, fmode: 3 });
      assert.deepEqual(eventOf(compact(aLine("bpf_map", text))).cell, { mapType: 2, fmode: 3 });
    }
    assert.equal(refusal(compact(aLine("bpf_map", '{"fmode": "3"}'))), "BAD_MEMBER");
    assert.deepEqual(
      eventOf(compact(aLine("task_kill", `{"cross": "1", "signal": "15", "target": "${TASK_ID}"}`)))
        .cell,
      kill.cell,
    );
  });

  it("have numbers that are spelled in one way and fit", () => {
    const file = openLine("/x");
    for (const [from, to] of [
      ['"pid": "1234"', '"pid": "01234"'],
      ['"pid": "1234"', '"pid": "4294967296"'],
      ['"pid": "1234"', '"pid": ""'],
      ['"pid": "1234"', '"pid": "-1"'],
      ['"number": "5"', '"number": "18446744073709551616"'],
      ['"number": "5"', '"number": "0x5"'],
      ['"mode": "0100755"', '"mode": "100755"'],
      ['"mode": "0100755"', '"mode": "0108755"'],
      ['"s_magic": "0xef53"', '"s_magic": "0xEF53"'],
      ['"s_magic": "0xef53"', '"s_magic": "0x100000000"'],
      ['"capeff": "0x1ffffffffff"', '"capeff": "0x10000000000000000"'],
      ["ec".repeat(32), "EC".repeat(32)],
      ["ec".repeat(32), "ec".repeat(32).slice(1)],
      ["ec".repeat(32), "ec".repeat(65)],
      ['"s_uuid": "11', '"s_uuid": "1'],
      ['"s_id": "vda"', `"s_id": "${"v".repeat(32)}"`],
      ['"p_task_id": "78', '"p_task_id": "7'],
      ['"instance"', '"instance"'],
    ] as const) {
      if (from === to) continue;
      const line = file.replace(from, to);
      assert.notEqual(line, file);
      assert.ok(["NOT_JSON", "BAD_MEMBER"].includes(refusal(line)), line);
      assert.ok(["BAD_MEMBER"].includes(refusal(compact(line))), line);
    }
    const wide = eventOf(file.replace('"number": "5"', '"number": "18446744073709551615"'));
    assert.equal(wide.number, 0xffff_ffff_ffff_ffffn);
    const socket = (protocol: string): string =>
      aLine(
        "socket_create",
        `{"family": "2", "type": "1", "protocol": "${protocol}", "kern": "0"}`,
      );
    const protocolOf = (text: string): unknown =>
      (eventOf(socket(text)).cell as { protocol?: number }).protocol;
    assert.deepEqual(
      ["-1", "-2147483648", "4294967295"].map(protocolOf),
      [-1, -0x8000_0000, 0xffff_ffff],
    );
    for (const text of ["-0", "-2147483649", "4294967296", "-", "+1", " 1"]) {
      assert.equal(refusal(socket(text)), "BAD_MEMBER", text);
    }
    const clock = (seconds: string): string =>
      aLine("settime", `{"ts": {"seconds": "${seconds}", "nsecs": "0"}}`);
    assert.deepEqual(eventOf(clock("-9223372036854775808")).cell, {
      seconds: -0x8000_0000_0000_0000n,
      nsecs: 0n,
    });
    for (const text of ["-0", "-9223372036854775809"])
      assert.equal(refusal(clock(text)), "BAD_MEMBER");
    const flag = `{"ipcp": {"uid": "0", "gid": "0", "cuid": "0", "cgid": "0", "mode": "0600", "owner": "${TASK_ID}"}, "flag": "65536"}`;
    assert.equal(refusal(aLine("ipc_permission", flag)), "BAD_MEMBER");
    assert.equal(refusal(aLine("ipc_permission", flag.replace("0600", "0200000"))), "BAD_MEMBER");
    const setattr = `{"dentry": {"path": ${pathText("/x")}}, "attr": {"valid": "1", "mode": "00", "uid": "0", "gid": "0", "size": "0"}}`;
    assert.equal(eventOf(aLine("inode_setattr", setattr)).hook, "inode_setattr");
  });

  it("of objects made in the namespace name a directory", () => {
    const path = (name: string): string =>
      `{"owner": "${TASK_ID}", "instance": "2", "pathname": "${name}"}`;
    const line = (name: string): string => aLine("file_open", `{"file": ${fileText(path(name))}}`);
    assert.equal(openedName(line("/tmp/x")), "/tmp/x");
    assert.equal(refusal(line("x")), "BAD_MEMBER");
  });

  it("of a hook that nobody knows are refused by its name", () => {
    assert.equal(refusal(aLine("file_truncate", "{}")), "UNKNOWN_HOOK");
    assert.equal(refusal(compact(aLine("file_truncate", "{}"))), "UNKNOWN_HOOK");
  });

  it("may be followed by what an attribute value left in the kernel's buffer", () => {
    const line = (value: string): string =>
      aLine(
        "inode_setxattr",
        `{"dentry": {"path": ${pathText("/x")}}, "name": "user.a", "value": "${value}", "flags": "0"}`,
      );
    const attribute = (text: string): unknown => (eventOf(text).cell as { value?: string }).value;
    assert.equal(attribute(line("dmFsdWU=")), "dmFsdWU=");
    assert.equal(attribute(line("dmFsdWU=nodev:/")), "dmFsdWU=");
    assert.equal(attribute(line('dmFsdWU=a"b\\c')), "dmFsdWU=");
    assert.equal(attribute(compact(line("dmFsdWU=nodev:/"))), "dmFsdWU=");
    assert.notEqual(refusal(line("AAH/YWJjnodev:/")), undefined);
  });
});

describe("a scan", () => {
  it("hides no fault of our own", () => {
    const fault = (): never => {
      throw new TypeError("ours");
    };
    assert.throws(() => scanned(new Scanner(), fault), TypeError);
  });
});

describe("names in records", () => {
  const NAMES = [
    'a"b',
    '"',
    '"""',
    "back\\slash",
    "a\\b",
    "ends\\",
    "tab\there",
    "control\u0001\u001b[31m",
    "new\nline",
    "na\u00efve \u65e5\u672c",
    "\udc80\udcff",
    'half a member", "b',
    'a": {"b',
    "{}}{",
    "\\n\\t",
    "two\\\\two",
    'quote and \\"both" of them',
  ];

  it("of kernels of 2024 are as they stand there", () => {
    for (const name of NAMES) {
      assert.equal(openedName(openLine(`/work/${name}`)), `/work/${name}`);
      assert.equal(openedName(openLine(`/work/${name}`, { process: 'a"\\b' })), `/work/${name}`);
    }
  });

  it("of kernels of 2025 have their quotes escaped, and nothing else", () => {
    for (const name of NAMES) {
      const path = `/work/${name}`;
      assert.equal(openedName(openLine2025(path.replaceAll('"', '\\"'))), path);
    }
    // A kernel of the first weeks of that year did not escape.
    assert.equal(openedName(openLine2025('/work/a"b')), '/work/a"b');
  });

  it("may hold anything in any hook with one name", () => {
    const anyName = fc
      .string({ unit: "binary", minLength: 1, maxLength: 60 })
      .filter((n) => !n.includes("\0"));
    const tricky = fc.array(
      fc.constantFrom('"', "\\", "{", "}", ", ", '": "', '"}', "x", "\n", "digest"),
      {
        maxLength: 30,
      },
    );
    fc.assert(
      fc.property(
        fc.oneof(
          anyName,
          tricky.map((parts) => parts.join("")),
        ),
        (name) => {
          let read: string;
          try {
            read = openedName(openLine(`/${name}`));
          } catch (error) {
            assert.ok(error instanceof RecordError && error.code === "AMBIGUOUS", String(error));
            return;
          }
          assert.equal(read, `/${name}`);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it("are not taken for members, and members not for names", () => {
    // JSON sees members that the kernel did not write.
    assert.equal(
      refusal(openLine(`x"}, "digest": "${"00".repeat(32)}", "path": {"pathname": "y`)),
      "AMBIGUOUS",
    );
    assert.equal(refusal(openLine('x", "mark": "y')), "AMBIGUOUS");
    assert.equal(refusal(openLine("/x", { process: 'x", "a": "b' })), "AMBIGUOUS");
    assert.equal(refusal(openLine("/x", { process: 'x", "type": "y' })), "AMBIGUOUS");
    // Two names share what stands between them.
    assert.equal(refusal(symlinkLine('a"}}, "old_name": "b', "c")), "AMBIGUOUS");
    assert.equal(refusal(symlinkLine("a", 'b"}}, "old_name": "c')), "AMBIGUOUS");
    assert.deepEqual(
      (eventOf(symlinkLine('a"}, "b', 'c"d')).cell as { oldName?: string }).oldName,
      'c"d',
    );
  });

  it("with what may be an escape of JSON are not guessed", () => {
    assert.equal(refusal(openLine('/a\\"b')), "AMBIGUOUS");
    assert.equal(refusal(openLine("/na\\u00efve")), "AMBIGUOUS");
    assert.equal(refusal(openLine2025("/na\\u00efve")), "AMBIGUOUS");
    assert.equal(openedName(openLine("/na\\u00gfve")), "/na\\u00gfve");
  });

  it("are texts of JSON where the line is JSON and no kernel's", () => {
    const named = (name: string): string =>
      compact(openLine("/NAME")).replace('"/NAME"', JSON.stringify(name));
    for (const name of NAMES) assert.equal(openedName(named(`/${name}`)), `/${name}`);
    const shuffled = JSON.parse(openLine("/x")) as Record<string, unknown>;
    const { export: kind, event, ...others } = shuffled;
    assert.deepEqual(
      eventOf(JSON.stringify({ ...others, event, export: kind })),
      eventOf(openLine("/x")),
    );
    const extra = openLine("/x").replace('"number"', '"zone": "9", "number"');
    assert.deepEqual(eventOf(extra), eventOf(openLine("/x")));
    assert.equal(refusal(extra.replace("/x", "/a\\b")), "AMBIGUOUS");
    assert.equal(
      refusal(compact(openLine("/x")).replace('"digest":', '"color":"red","digest":')),
      "BAD_MEMBER",
    );
    assert.equal(
      refusal(compact(openLine("/x")).replace('"digest":', `"digest":"${CONTENT}","digest":`)),
      "AMBIGUOUS",
    );
    assert.equal(refusal(compact(openLine("/x")).replace('"1234"', "1234")), "BAD_MEMBER");
  });
});

describe("records that end early", () => {
  it("are cut when they are as long as a kernel's page", () => {
    const long = openLine(`/${"n".repeat(4096)}`);
    for (const length of [4095, 4096]) {
      assert.equal(refusal(long.slice(0, length)), "CUT");
      assert.equal(recordState(long.slice(0, length)), "cut");
    }
    assert.throws(() => readTsemRecord(long.slice(0, 4096)), /4096/);
    const wide = openLine(`/${"\u00ef".repeat(4096)}`);
    assert.equal(refusal(wide.slice(0, 3000)), "CUT");
    assert.equal(openedName(long).length, 4097);
  });

  it("and those that a newline divides are put together by their lines", () => {
    const lines = openLine("/work/new\nline").split("\n");
    const [first = "", second = ""] = lines;
    assert.equal(refusal(first), "INCOMPLETE");
    assert.deepEqual(lines.map(recordState), ["begin", "other"]);
    assert.equal(joinedState(lines), "record");
    assert.equal(openedName(lines.join("\n")), "/work/new\nline");
    assert.equal(joinedState([first, "a", "b"]), "more");
    assert.equal(joinedState([first, "", "", second]), "record");
    assert.equal(joinedState([first, ...new Array<string>(16).fill("")]), "never");
    assert.equal(joinedState([first, "n".repeat(20_000)]), "never");
    assert.equal(joinedState([first, "n".repeat(5000)]), "never");
  });

  it("hide no record in a name", () => {
    const fake = openLine("/etc/shadow");
    const lines = openLine(`/x\n${fake}\ny`).split("\n");
    assert.deepEqual(lines.map(recordState), ["begin", "complete", "other"]);
    assert.equal(joinedState(lines.slice(0, 2)), "ambiguous");
    const map = aLine("mmap_file", '{"prot": "1", "flags": "2"}');
    const others = openLine(`/x\n${map}\ny`).split("\n");
    assert.equal(joinedState(others.slice(0, 2)), "more");
    assert.equal(joinedState(others), "ambiguous");
  });

  it("elsewhere than in a text are nothing", () => {
    const line = openLine("/x");
    assert.equal(recordState(line.slice(0, -1)), "other");
    assert.equal(recordState(line.slice(0, 90)), "other");
    assert.equal(refusal(line.slice(0, -1)), "NOT_JSON");
    assert.equal(recordState(""), "other");
    assert.equal(recordState(compact(line)), "complete");
    assert.equal(recordState(`{"a": ${INODE_TEXT}}`), "complete");
  });
});
