// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { anyEvent, anyEventOf } from "../../test/helpers/any-event.ts";
import { aFile, anEvent, aSyscall } from "../../test/helpers/events.ts";
import {
  HOOK_NAMES,
  MAX_RECORD_CHARS,
  MAX_TEXT_CHARS,
  parseRecord,
  RecordError,
  type SecurityEvent,
  writeRecord,
} from "./index.ts";

describe("a record", () => {
  for (const hook of HOOK_NAMES) {
    it(`of ${hook} gives the same event back`, () => {
      fc.assert(
        fc.property(anyEventOf(hook), (event) => {
          assert.deepEqual(parseRecord(writeRecord(event)), { ...event });
        }),
        { numRuns: 60 },
      );
    });
  }

  it("is one line of JSON in which every scalar is a string", () => {
    const check = (value: unknown): void => {
      if (typeof value === "object" && value !== null) Object.values(value).forEach(check);
      else assert.equal(typeof value, "string");
    };
    fc.assert(
      fc.property(anyEvent, (event) => {
        const line = writeRecord(event);
        assert.doesNotMatch(line, /[\n\r]/);
        check(JSON.parse(line));
      }),
      { numRuns: 500 },
    );
  });

  it("has the text of a TSEM trajectory line", () => {
    const event = anEvent("mmap_file", { file: aFile('/lib/a"b'), prot: 5, flags: 2 }, { ts: 9n });
    const inode =
      '{"uid": "0", "gid": "0", "mode": "0100644", "s_magic": "0xef53", "s_id": "vda", "s_uuid": "11111111222233334444555555555555"}';
    assert.equal(
      writeRecord(event),
      `{"event": {"pid": "10", "tgid": "10", "process": "sh", "type": "mmap_file", "task_id": "${"11".repeat(32)}", "p_task_id": "${"22".repeat(32)}", "ts": "9"}, ` +
        '"COE": {"uid": "0", "euid": "0", "suid": "0", "gid": "0", "egid": "0", "sgid": "0", "fsuid": "0", "fsgid": "0", "capeff": "0x1ffffffffff"}, ' +
        `"mmap_file": {"file": {"flags": "32768", "inode": ${inode}, "path": {"dev": {"major": "254", "minor": "0"}, "pathname": "/lib/a\\"b"}, "digest": "${"cc".repeat(32)}"}, "prot": "5", "flags": "2"}}`,
    );
  });

  it("names a system call without a hook in its cell", () => {
    const line = writeRecord(aSyscall("unshare", [0x10000000n], "x"));
    assert.match(line, /"type": "syscall"/);
    assert.match(line, /"syscall": \{"name": "unshare", "args": \["268435456"\], "text": "x"\}\}$/);
  });

  it("groups members as the kernel does", () => {
    const clock = anEvent("settime", { seconds: 5n, nsecs: 6n, minuteswest: -60, dsttime: 0 });
    assert.match(
      writeRecord(clock),
      /"settime": \{"ts": \{"seconds": "5", "nsecs": "6"\}, "tz": \{"minuteswest": "-60", "dsttime": "0"\}\}\}$/,
    );
    assert.match(writeRecord(anEvent("settime", {})), /"settime": \{\}\}$/);
  });
});

describe("a record of a hook", () => {
  const shapes: readonly (readonly [SecurityEvent, string])[] = [
    [
      anEvent("task_setrlimit", { task: "aa", resource: 4, current: 0n, max: 1n }),
      '{"task": "aa", "new_rlim": {"resource": "4", "current": "0", "max": "1"}}',
    ],
    [anEvent("bpf_map", { mapType: 2, fmode: 3 }), '{"map": {"map_type": "2"}, "fmode": "3"}'],
    [
      anEvent("bpf_prog", { type: 2, attachType: 3 }),
      '{"prog": {"type": "2", "attach_type": "3"}}',
    ],
    [anEvent("tun_dev_open", {}), "{}"],
    [anEvent("tun_dev_attach", { members: '{"queue":"1"}' }), '{"queue":"1"}'],
    [
      anEvent("ipc_permission", {
        ipcp: { uid: 1, gid: 2, cuid: 3, cgid: 4, mode: 0o600, owner: "aa" },
        flag: 292,
      }),
      '{"ipcp": {"uid": "1", "gid": "2", "cuid": "3", "cgid": "4", "mode": "0600", "owner": "aa"}, "flag": "292"}',
    ],
    [
      anEvent("quotactl", {
        cmds: -1,
        type: 0,
        id: 0,
        dentry: { path: { pathname: "/" } },
        fstype: "xfs",
        sFlags: 7n,
      }),
      '{"cmds": "-1", "type": "0", "id": "0", "sb": {"dentry": {"path": {"pathname": "/"}}, "fstype": "xfs", "s_flags": "7"}}',
    ],
  ];
  for (const [event, cell] of shapes) {
    it(`has the shape of a kernel's: ${event.hook}`, () => {
      assert.ok(writeRecord(event).endsWith(`"${event.hook}": ${cell}}`), writeRecord(event));
    });
  }

  it("refuses a cell whose group of members is missing or holds more", () => {
    const line = writeRecord(anEvent("bpf_map", { mapType: 2, fmode: 3 }));
    assert.throws(
      () => parseRecord(line.replace('"map": {"map_type": "2"}, ', "")),
      /map is missing/,
    );
    assert.throws(
      () => parseRecord(line.replace('"map_type": "2"', '"map_type": "2", "x": "1"')),
      /bpf_map\.map\.x is not known/,
    );
    const open = writeRecord(anEvent("tun_dev_open", {}));
    assert.throws(
      () => parseRecord(open.replace("{}", '{"x": "1"}')),
      /tun_dev_open\.x is not known/,
    );
  });

  it("reads both spellings of a signed number", () => {
    const line = writeRecord(anEvent("task_setnice", { task: "aa", nice: -1 }));
    const unsigned = parseRecord(line.replace('"-1"', '"4294967295"'));
    assert.deepEqual(unsigned.cell, { task: "aa", nice: 0xffff_ffff });
    const received = writeRecord(
      anEvent("msg_queue_msgrcv", {
        perm: { uid: 1, gid: 2, cuid: 3, cgid: 4, mode: 0o600, owner: "aa" },
        target: "aa",
        type: -1n,
        mode: 0,
      }),
    );
    for (const wrong of ["-9223372036854775809", "18446744073709551616"]) {
      assert.throws(
        () => parseRecord(received.replace('"-1"', `"${wrong}"`)),
        /type is outside 64/,
      );
    }
  });
});

describe("reading a record", () => {
  const good = writeRecord(anEvent("file_open", { file: aFile("/a") }));
  const bad: readonly (readonly [string, (line: string) => string, RecordError["code"], RegExp])[] =
    [
      ["that is cut", (l) => l.slice(0, -1), "NOT_JSON", /not JSON/],
      ["that is no object", () => "[]", "BAD_MEMBER", /\(top\) is not an object/],
      [
        "of an unknown hook",
        (l) => l.replace('"type": "file_open"', '"type": "file_shut"'),
        "UNKNOWN_HOOK",
        /file_shut/,
      ],
      [
        "whose type is a member of every object",
        (l) => l.replace('"type": "file_open"', '"type": "toString"'),
        "UNKNOWN_HOOK",
        /toString/,
      ],
      [
        "whose cell is of another hook",
        (l) => l.replace('"type": "file_open"', '"type": "file_ioctl"'),
        "BAD_MEMBER",
        /file_ioctl is missing/,
      ],
      [
        "with an unknown member",
        (l) => l.replace('"flags"', '"color": "red", "flags"'),
        "BAD_MEMBER",
        /file_open\.file\.color is not known/,
      ],
      [
        "with an unknown member at the top",
        (l) => l.replace(/\}$/, ', "x": "1"}'),
        "BAD_MEMBER",
        /member x is not known/,
      ],
      [
        "with a missing member",
        (l) => l.replace('"gid": "0", "mode"', '"mode"'),
        "BAD_MEMBER",
        /file_open\.file\.inode\.gid is missing/,
      ],
      [
        "with a number that is no string",
        (l) => l.replace('"flags": "32768"', '"flags": 32768'),
        "BAD_MEMBER",
        /flags is not a string/,
      ],
      [
        "with a number of 33 bits",
        (l) => l.replace('"32768"', '"4294967296"'),
        "BAD_MEMBER",
        /larger than 4294967295/,
      ],
      [
        "with a number in another spelling",
        (l) => l.replace('"32768"', '"032768"'),
        "BAD_MEMBER",
        /not a decimal number: 032768/,
      ],
      [
        "with a negative number",
        (l) => l.replace('"32768"', '"-1"'),
        "BAD_MEMBER",
        /not a decimal number/,
      ],
      [
        "with a mode that is not octal",
        (l) => l.replace('"0100644"', '"33188"'),
        "BAD_MEMBER",
        /not an octal number/,
      ],
      [
        "with a digest that is not hex",
        (l) => l.replace("cccc", "CCCC"),
        "BAD_MEMBER",
        /not a digest/,
      ],
      ["with an empty digest", (l) => l.replace("cc".repeat(32), ""), "BAD_MEMBER", /not a digest/],
      [
        "with a mask of more than 64 bits",
        (l) => l.replace("0x1ffffffffff", `0x1${"0".repeat(16)}`),
        "BAD_MEMBER",
        /COE\.capeff/,
      ],
      [
        "with an s_id of 32 bytes",
        (l) => l.replace('"vda"', `"${"é".repeat(16)}"`),
        "BAD_MEMBER",
        /s_id is longer than 31 bytes/,
      ],
      [
        "with an owner but no instance",
        (l) => l.replace('"pathname"', `"owner": "${"aa".repeat(32)}", "pathname"`),
        "BAD_MEMBER",
        /path must have owner and one of/,
      ],
      [
        "with an instance but no owner",
        (l) => l.replace('"pathname"', '"instance": "1", "pathname"'),
        "BAD_MEMBER",
        /must have owner/,
      ],
      [
        "of a created object without a directory",
        (l) =>
          l.replace(
            '"pathname": "/a"',
            `"owner": "${"aa".repeat(32)}", "instance": "1", "pathname": "a"`,
          ),
        "BAD_MEMBER",
        /names no directory/,
      ],
      [
        "with escapes in an unknown name",
        (l) => l.replace('"flags"', '"\\u001b[2J": "1", "flags"'),
        "BAD_MEMBER",
        /\\x1b\[2J/,
      ],
      ["that is too long", (l) => `${l}${" ".repeat(MAX_RECORD_CHARS)}`, "TOO_LONG", /at most/],
    ];
  for (const [name, change, code, message] of bad) {
    it(`refuses one ${name}`, () => {
      const line = change(good);
      assert.notEqual(line, good);
      assert.throws(
        () => parseRecord(line),
        (error: unknown) =>
          error instanceof RecordError && error.code === code && message.test(error.message),
      );
    });
  }

  it("refuses an address of no family or of two", () => {
    const line = writeRecord(
      anEvent("socket_connect", {
        sock: { family: 1, type: 1, protocol: 0 },
        addr: { family: "unix", address: "/s" },
      }),
    );
    assert.throws(() => parseRecord(line.replace("af_unix", "af_moon")), /none of af_inet/);
    const two = line.replace(
      '"af_unix"',
      `"af_other": {"address": "${"aa".repeat(32)}"}, "af_unix"`,
    );
    assert.throws(() => parseRecord(two), /addr\.af_other is not known|af_unix is not known/);
  });

  it("refuses text and signed numbers beyond their limits", () => {
    const long = writeRecord(
      anEvent("file_open", { file: aFile(`/${"x".repeat(MAX_TEXT_CHARS)}`) }),
    );
    assert.throws(() => parseRecord(long), /pathname is longer than/);
    const sock = { family: 2, type: 1, protocol: -5 };
    const line = writeRecord(anEvent("socket_listen", { sock, backlog: 1 }));
    assert.throws(
      () => parseRecord(line.replace('"-5"', '"-2147483649"')),
      /protocol is outside 32/,
    );
    assert.throws(
      () => parseRecord(line.replace('"-5"', '"4294967296"')),
      /protocol is outside 32/,
    );
  });

  it("refuses the name of a system call in the cell of a hook", () => {
    const line = good.replace('{"file":', '{"name": "x", "file":');
    assert.throws(() => parseRecord(line), /file_open\.name is not known/);
  });

  it("refuses lists that are none and lists that are too long", () => {
    const line = writeRecord(aSyscall("x", [1n]));
    assert.throws(() => parseRecord(line.replace('["1"]', '"1"')), /args is not a list/);
    assert.throws(
      () => parseRecord(line.replace('["1"]', '["1", "x"]')),
      /args\.1 is not a decimal/,
    );
    const many = `[${'"1",'.repeat(70_000)}"1"]`;
    assert.throws(() => parseRecord(line.replace('["1"]', many)), /more than 65536 items/);
  });

  it("takes the serial numbers of a kernel, and no pid", () => {
    const line = good
      .replace(
        '{"event": {"pid": "10", "tgid": "10", ',
        '{"export": {"type": "event"}, "event": {"tnum": "4", "context": "1", "number": "2", ',
      )
      .replace('"task_id"', '"ttd": "5", "p_ttd": "4", "task_id"');
    const event = parseRecord(line);
    const { pid, tnum, context, number, ttd, pTtd } = event;
    assert.deepEqual(
      { pid, tnum, context, number, ttd, pTtd },
      { pid: 0, tnum: 4n, context: 1, number: 2n, ttd: 5n, pTtd: 4n },
    );
    assert.equal("tgid" in event, false);
    assert.equal(event.hook, "file_open");
  });

  it("shares credentials and task between records that repeat them", () => {
    const [a, b] = [parseRecord(good), parseRecord(good)];
    assert.equal(a.coe, b.coe);
    assert.equal(a.task, b.task);
    assert.notEqual(parseRecord(good.replace('"euid": "0"', '"euid": "5"')).coe, a.coe);
  });

  it("never fails in any other way on damaged records", () => {
    fc.assert(
      fc.property(anyEvent, fc.nat(), fc.nat(0xffff), (event, at, unit) => {
        const line = writeRecord(event);
        const i = at % line.length;
        const damaged = line.slice(0, i) + String.fromCharCode(unit) + line.slice(i + 1);
        try {
          parseRecord(damaged);
        } catch (error) {
          assert.ok(error instanceof RecordError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
