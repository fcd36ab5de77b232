// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  aLine,
  CONTENT,
  fileText,
  openLine,
  openLine2025,
  TASK_ID,
  typedPathText,
} from "../../../test/helpers/tsem-lines.ts";
import type { SecurityEvent } from "../event.ts";
import { RecordError, type RecordErrorCode } from "../record-error.ts";
import { recordParts } from "./parts.ts";
import { quixoteEventText } from "./quixote.ts";
import { quixoteText } from "./quixote-text.ts";
import { readTsemRecord } from "./read.ts";

function eventOf(line: string, dialect: "quixote" | "quixote-2024" = "quixote"): SecurityEvent {
  const record = readTsemRecord(line, { dialect });
  assert.ok("event" in record && record.event !== undefined, line);
  return record.event;
}

function nameOf(line: string, dialect: "quixote" | "quixote-2024" = "quixote"): string {
  const event = eventOf(line, dialect);
  return event.hook === "file_open" ? event.cell.file.path.pathname : "";
}

function refusal(line: string, dialect: "quixote" | "quixote-2024" = "quixote"): RecordErrorCode {
  try {
    readTsemRecord(line, { dialect });
  } catch (error) {
    assert.ok(error instanceof RecordError, String(error));
    return error.code;
  }
  return assert.fail(`it was read: ${line}`);
}

const LINE = openLine2025("/tmp/x");
const withUid = (uid: string): string => LINE.replace('"uid": "0"', `"uid": "${uid}"`);
const withCapeff = (capeff: string): string => LINE.replace("0x1ffffffffff", capeff);

describe("the parser of Quixote", () => {
  it("reads numbers as strtoll does", () => {
    for (const [text, uid] of [
      ["12", 12],
      [" \t12", 12],
      ["+12", 12],
      ["0x1F", 31],
      ["010", 8],
      ["08", 0],
      ["0x", 0],
      ["12abc", 12],
      ["abc", 0],
      ["-0", 0],
      ["", 0],
      ["4294967295", 0xffff_ffff],
      [`${"0".repeat(40)}7`, 7],
    ] as const) {
      assert.equal(eventOf(withUid(text)).coe.uid, uid, text);
    }
    for (const text of [
      "-1",
      "4294967296",
      "9223372036854775808",
      "9".repeat(400),
      `0x${"f".repeat(400)}`,
    ]) {
      assert.equal(refusal(withUid(text)), "BAD_MEMBER", text);
    }
    assert.equal(eventOf(withCapeff("0x7fffffffffffffff")).coe.capeff, 0x7fff_ffff_ffff_ffffn);
    assert.equal(eventOf(withCapeff("-1")).coe.capeff, 0xffff_ffff_ffff_ffffn);
    assert.equal(eventOf(withCapeff("-9223372036854775808")).coe.capeff, 0x8000_0000_0000_0000n);
    assert.equal(refusal(withCapeff("0x8000000000000000")), "BAD_MEMBER");
    assert.equal(refusal(withCapeff("-9223372036854775809")), "BAD_MEMBER");
    assert.equal(refusal(LINE.replace('"mode": "0100755"', '"mode": "0200000"')), "BAD_MEMBER");
  });

  it("drops backslashes, ends a text at the first quote without one, and takes an empty one for a quote", () => {
    assert.equal(nameOf(openLine2025("/a\\nb")), "/anb");
    assert.equal(nameOf(openLine2025("/a\\u0041")), "/au0041");
    assert.equal(nameOf(openLine2025('/a\\"b\\\\c')), '/a"b\\c');
    assert.equal(nameOf(openLine2025("")), '"');
    assert.equal(nameOf(openLine2025('/a"b')), "/a");
    assert.equal(refusal(openLine2025("/ends\\\\")), "BAD_MEMBER");
    assert.equal(nameOf(openLine('/a\\"b'), "quixote-2024"), "/a\\");
    assert.equal(nameOf(openLine("/a\\b"), "quixote-2024"), "/a\\b");
  });

  it("counts braces wherever they stand", () => {
    assert.equal(nameOf(openLine2025("/a{b}c")), "/a{b}c");
    for (const name of ["/a{b", "/a}b", "/a}b{c"]) {
      assert.ok(["BAD_MEMBER", "NOT_JSON"].includes(refusal(openLine2025(name))), name);
    }
    assert.equal(refusal(` ${LINE}`), "NOT_JSON");
    assert.equal(refusal(`${LINE} `), "NOT_JSON");
    assert.equal(refusal(`${LINE}{}`), "NOT_JSON");
    assert.equal(refusal(LINE.slice(0, -1)), "NOT_JSON");
    assert.equal(refusal(""), "NOT_JSON");
    assert.equal(
      refusal(LINE.replace('"path": {', '"path": {{').replace('/x"}', '/x"} }}')),
      "NOT_JSON",
    );
  });

  it("finds objects by their text, and takes the first of two", () => {
    const twice = LINE.replace('"uid": "0"', '"uid": "7", "uid": "8"');
    assert.equal(eventOf(twice).coe.uid, 7);
    assert.equal(refusal(LINE.replace('"COE": {', '"COE":  {')), "BAD_MEMBER");
    assert.equal(refusal(LINE.replace('"flags": "32768"', '"flags": 32768')), "BAD_MEMBER");
    assert.equal(eventOf(LINE.replace('"ttd"', '"zone": "9", "ttd"')).hook, "file_open");
    // Found inside of another object, too, and a member only beside the others.
    const nested = LINE.replace('"event": {', '"x": {"event": {').replace('}, "COE"', '}}, "COE"');
    assert.deepEqual(eventOf(nested), eventOf(LINE));
    assert.equal(
      refusal(
        LINE.replace('"task_id": ', '"x": {"task_id": ').replace(', "p_task_id"', '}, "p_task_id"'),
      ),
      "BAD_MEMBER",
    );
  });

  it("requires what it maps, and reads hex of either case", () => {
    for (const [from, to] of [
      ['"type": "file_open"', '"kind": "file_open"'],
      [`"task_id": "${TASK_ID}"`, '"x": "y"'],
      [`"task_id": "${TASK_ID}"`, '"task_id": "abc"'],
      [`"task_id": "${TASK_ID}"`, '"task_id": "xy"'],
      ['"fsgid": "0", ', ""],
      ['"type": "root", ', ""],
      ['"s_uuid": "11', '"s_uuid": "1'],
      ['"s_id": "vda"', `"s_id": "${"v".repeat(32)}"`],
      [CONTENT, CONTENT.slice(2)],
      ['"major": "254"', '"major": "-1"'],
      ['"file_open": {"file"', '"file_open": {"elif"'],
      ['"type": "root"', `"instance": "1", "type": "root"`],
    ] as const) {
      const line = LINE.replace(from, to);
      assert.notEqual(line, LINE, from);
      assert.equal(refusal(line), "BAD_MEMBER", from);
    }
    const upper = eventOf(LINE.replace(CONTENT, CONTENT.toUpperCase()).replace(TASK_ID, "AB"));
    assert.equal(upper.hook === "file_open" ? upper.cell.file.digest : "", CONTENT);
    assert.equal(upper.task.taskId, "ab");
    const bare = eventOf(
      LINE.replace(/"pid".*?"process": "bash", /, "").replace(
        /"p_task_id": "\w*", "ts": "\w*"/,
        '"p_task_id": "?", "ts": "99999999999999999999"',
      ),
    );
    assert.deepEqual(
      [bare.pid, bare.tnum, bare.process, bare.task.pTaskId, bare.ts],
      [0, undefined, "", "", 0n],
    );
  });

  it("knows the hooks of its year", () => {
    const compat = aLine(
      "file_ioctl_compat",
      `{"file": ${fileText(typedPathText("/x"))}, "cmd": "1"}`,
    );
    assert.equal(eventOf(compat).hook, "file_ioctl_compat");
    assert.equal(refusal(compat, "quixote-2024"), "UNKNOWN_HOOK");
    for (const hook of ["file_truncate", "undefined", "bprm_committing_creds", "syscall"]) {
      assert.equal(refusal(aLine(hook, "{}")), "UNKNOWN_HOOK", hook);
    }
    const kill = `{"target": "${TASK_ID}", "sig": "9", "cross_ns": "0"}`;
    const old = `{"cross": "0", "signal": "9", "target": "${TASK_ID}"}`;
    assert.deepEqual(
      eventOf(aLine("task_kill", kill)),
      eventOf(aLine("task_kill", old), "quixote-2024"),
    );
    assert.equal(refusal(aLine("task_kill", old)), "BAD_MEMBER");
  });

  it("looks for the address that the family of the socket says", () => {
    const sock = (family: number): string =>
      `{"family": "${family}", "type": "1", "protocol": "0", "owner": "${TASK_ID}"}`;
    const connect = (family: number, addr: string): string =>
      aLine("socket_connect", `{"sock": ${sock(family)}, "addr": ${addr}}`);
    const address = "fe".repeat(16);
    const inet6 = (port: string): string =>
      `{"af_inet6": {"port": "${port}", "flow": "1", "scope": "2", "address": "${address}"}}`;
    const addrOf = (line: string): unknown => (eventOf(line).cell as { addr?: unknown }).addr;
    const read = { family: "inet6", flow: 1, scope: 2, address };
    assert.deepEqual(addrOf(connect(10, inet6("443"))), { ...read, port: 443 });
    for (const port of ["65536", "x", "-1", "99999"]) {
      assert.deepEqual(addrOf(connect(10, inet6(port))), { ...read, port: 0 }, port);
    }
    const noPort = inet6("1").replace('"port": "1", ', "");
    assert.deepEqual(addrOf(connect(10, noPort)), { ...read, port: 0 });
    const unix = (name: string): string => `{"af_unix": {"address": "${name}"}}`;
    assert.deepEqual(addrOf(connect(1, unix("u".repeat(108)))), {
      family: "unix",
      address: "u".repeat(108),
    });
    assert.equal(refusal(connect(1, unix("u".repeat(109)))), "BAD_MEMBER");
    assert.equal(refusal(connect(2, unix("u"))), "BAD_MEMBER");
    assert.deepEqual(addrOf(connect(16, `{"af_other": {"address": "${CONTENT}"}}`)), {
      family: "other",
      digest: CONTENT,
    });
  });

  it("knows objects that were made in the namespace, with a directory", () => {
    const made = (name: string, instance: string): string =>
      openLine2025(name).replace(
        '"type": "root"',
        `"owner": "${TASK_ID}", "instance": "${instance}", "type": "root"`,
      );
    const pathOf = (line: string): unknown =>
      (eventOf(line).cell as { file?: { path: unknown } }).file?.path;
    const path = { dev: { major: 254, minor: 0 }, type: "root", pathname: "/tmp/x" };
    assert.deepEqual(pathOf(made("/tmp/x", "2")), { ...path, owner: TASK_ID, instance: 2n });
    assert.deepEqual(pathOf(made("/tmp/x", "0")), path);
    assert.equal(refusal(made("x", "1")), "BAD_MEMBER");
    const { type: _, ...untyped } = path;
    assert.deepEqual(
      (eventOf(made("/tmp/x", "2"), "quixote-2024").cell as { file?: { path: unknown } }).file
        ?.path,
      untyped,
    );
  });

  it("needs no CELL of hooks that it does not model", () => {
    const capable = aLine("capable", '{"cap": "21", "opts": "2"}');
    assert.deepEqual(eventOf(capable).cell, { cap: 21, opts: 2 });
    assert.deepEqual(eventOf(capable.replace('"21"', "21")).cell, {});
    assert.deepEqual(eventOf(capable.replace(/, "capable": .*/, "}")).cell, {});
  });

  it("does not look at ports that it does not map", () => {
    const sock = (family: number): string =>
      `"sock": {"family": "${family}", "type": "1", "protocol": "6", "owner": "${CONTENT}"}`;
    const six = `"address": "${"ab".repeat(16)}"}}}`;
    for (const port of ["", '"port": "65536", ', '"port": "x", ']) {
      const inet = `{${sock(2)}, "addr": {"af_inet": {${port}"address": "1"}}}`;
      const addr = { family: "inet", port: 0, address: 1 };
      assert.deepEqual(
        (eventOf(aLine("socket_accept", inet)).cell as { addr?: unknown }).addr,
        addr,
      );
      const inet6 = `{${sock(10)}, "addr": {"af_inet6": {${port}${six}`;
      assert.equal(eventOf(aLine("socket_accept", inet6)).hook, "socket_accept");
    }
    const bind = `{${sock(2)}, "addr": {"af_inet": {"port": "65536", "address": "1"}}}`;
    assert.equal(refusal(aLine("socket_bind", bind)), "BAD_MEMBER");
  });

  it("knows programs in any spelling", () => {
    const exec = (name: string): string =>
      aLine("bprm_committed_creds", `{"file": ${fileText(typedPathText(name))}}`);
    const programOf = (line: string): unknown =>
      (eventOf(line).cell as { file?: { path: { pathname: string } } }).file?.path.pathname;
    assert.equal(programOf(exec("/bin/sh")), "/bin/sh");
    assert.equal(programOf(exec('/bin/\\"sh')), '/bin/"sh');
    assert.deepEqual(eventOf(aLine("bprm_committed_creds", "{}")).cell, {});
    assert.deepEqual(
      eventOf(exec("/bin/sh").replace(/, "bprm_committed_creds": .*/, "}")).cell,
      {},
    );
    assert.deepEqual(eventOf(exec("/bin/sh").replace('"s_id"', '"no_id"')).cell, {});
  });

  it("reads the other kinds of records", () => {
    const read = (line: string): unknown => readTsemRecord(line, { dialect: "quixote" });
    assert.deepEqual(read('{"export": {"type": "event"}, }'), { kind: "nothing" });
    assert.deepEqual(read('{"export": {"type": "aggregate"}, "aggregate": {"value": "AB"}}'), {
      kind: "aggregate",
      value: "ab",
    });
    const log =
      '{"export": {"type": "log"}, "log": {"process": "cat", "event": "file_open", "action": "DENY"}}';
    assert.deepEqual(read(log), { kind: "log", process: "cat", hook: "file_open", action: "DENY" });
    assert.equal(refusal(log.replace("file_open", "no hook")), "BAD_MEMBER");
    const kinds = ["event", "async_event", "log", ""] as const;
    for (const kind of kinds) {
      const record = readTsemRecord(
        openLine2025("/x").replace('"type": "event"', `"type": "${kind}"`),
        { dialect: "quixote" },
      );
      assert.equal(record.kind, kind === "" ? "event" : kind);
    }
    assert.equal(
      (read(LINE.replace('"export": {"type": "event"}, ', "")) as { kind: string }).kind,
      "trajectory",
    );
  });
});

describe("the text form of Quixote", () => {
  it("repeats what was received of the event, and always says a device", () => {
    const line = LINE.replace('"dev": {"major": "254", "minor": "0"}, ', "").replace(
      '"ttd"',
      '"zone": "9", "ttd"',
    );
    const text = quixoteText(eventOf(line), quixoteEventText(line, 2025));
    assert.match(text, /^\{"event": \{"pid": "1234", .*"zone": "9"/);
    assert.match(text, /"path": \{"dev": \{"major": "0", "minor": "0"\}, "type": "root"/);
    assert.match(quixoteText(eventOf(openLine2025('/a\\"b'))), /"pathname": "\/a\\"b"/);
    assert.match(quixoteText(eventOf(aLine("capable", "{}"))), /, "capable": \{\}\}$/);
    const anonymous = aLine("mmap_file", '{"prot": "7", "flags": "34"}');
    assert.match(quixoteText(eventOf(anonymous)), /"mmap_file": \{"prot": "7", "flags": "34"\}\}$/);
  });
});

describe("parts of a record for Quixote", () => {
  it("are those that it reads as well", () => {
    assert.notEqual(recordParts(LINE, "quixote"), undefined);
    for (const line of [
      LINE.replace('"process": "bash"', '"process": "{"'),
      LINE.replace('"tnum": "77"', '"tnum": "9223372036854775808"'),
      withCapeff("0xffffffffffffffff"),
      aLine("bprm_committing_creds", "{}"),
    ]) {
      assert.notEqual(recordParts(line), undefined);
      assert.equal(recordParts(line, "quixote"), undefined);
      assert.ok(["BAD_MEMBER", "NOT_JSON", "UNKNOWN_HOOK"].includes(refusal(line)), line);
    }
  });
});
