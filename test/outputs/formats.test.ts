// SPDX-License-Identifier: Apache-2.0
// What outputs send: events of OCSF against its schema, syslog messages against the grammar of RFC 5424, records as TSEM kernels export them.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ocsfEvent, ocsfText } from "../../src/daemon/outputs/formats/ocsf.ts";
import { syslogText, wordsOfEntry } from "../../src/daemon/outputs/formats/syslog.ts";
import { tsemText } from "../../src/daemon/outputs/formats/tsem.ts";
import { type Entry, entryLine, readEntry } from "../../src/daemon/outputs/journal/entry.ts";
import {
  parseRecord,
  readTsemRecord,
  type SecurityEvent,
  writeRecord,
} from "../../src/event/index.ts";
import type { Mark } from "../../src/orchestrator/inspect/index.ts";
import { aFile, anEvent } from "../helpers/events.ts";
import { validatorOf } from "../helpers/json-schema.ts";
import { IDENTITY, opens, PROGRAM, violationMark } from "../helpers/output-run.ts";

const isOcsf = validatorOf("test/outputs/ocsf-1.3.0.schema.json");
const isRecord = validatorOf("docs/reference/output-record.schema.json");
const HOSTILE = '/tmp/"]\\ \n<0>1 - \u202egnp.\u001b[2J\udc80';

function anEntry(event: SecurityEvent, changes: Partial<Entry> = {}): Entry {
  const line = entryLine(
    7,
    {
      id: "20261122T000000000Z-abcdef/forensics/3",
      time: "2026-11-22T10:00:00.123Z",
      kind: "forensics",
      workload: {
        run: "20261122T000000000Z-abcdef",
        name: "web",
        mode: "enforce",
        sensor: "seccomp",
        container: { id: "c0ffee", image: "shop:2", imageDigest: `sha256:${"ab".repeat(32)}` },
      },
      source: { file: "forensics.jsonl", line: 3, end: 4711 },
      program: PROGRAM,
      chain: ["/bin/sh", PROGRAM],
      words: "opens a file",
      ...changes,
    },
    writeRecord(event),
  );
  const entry = readEntry(line);
  isRecord(entry);
  return entry;
}

const refused: Mark = { kind: "refused", number: 4, decision: "denied" };
const sock = { family: 2, type: 1, protocol: 6 };

describe("OCSF", () => {
  const findings: [string, SecurityEvent, Mark][] = [
    ["a file", opens("/etc/shadow"), violationMark(1)],
    [
      "an IPv4 address",
      anEvent("socket_connect", { sock, addr: { family: "inet", port: 47873, address: 16777343 } }),
      violationMark(2, { decision: "observed" }),
    ],
    [
      "an IPv6 address",
      anEvent("socket_connect", {
        sock: { ...sock, family: 10 },
        addr: { family: "inet6", port: 47873, address: `${"0".repeat(31)}1` },
      }),
      violationMark(3, { decision: "killed", reason: "atomic context" }),
    ],
    ["a hostile name", opens(HOSTILE), violationMark(4)],
    [
      "a directory",
      anEvent("file_open", {
        file: aFile("/", {
          inode: { ...aFile("/").inode, mode: 0o040755 },
          digest: "dd".repeat(32),
        }),
      }),
      violationMark(5),
    ],
    ["what an untrusted process tries", opens("/etc/passwd"), refused],
    [
      "an event about no file",
      anEvent("socket_create", { family: 2, type: 3, protocol: 1, kern: 0 }),
      violationMark(6),
    ],
  ];
  for (const [what, event, mark] of findings) {
    it(`makes a Detection Finding of a violation with ${what}`, () => {
      const entry = anEntry(event, { mark });
      const made = ocsfEvent(entry, "1.2.3");
      isOcsf(made);
      const { class_uid, type_uid, activity_id } = made as Record<string, number>;
      assert.equal(class_uid, 2004);
      assert.equal(activity_id, mark.kind === "refused" ? 2 : 1);
      assert.equal(type_uid, 200_400 + (activity_id ?? 0));
    });
  }

  it("does not say of an event that nobody could hold that it was blocked", () => {
    const { heldUs: _, ...mark } = violationMark(1, { decision: "killed", reason: "async" });
    const made = ocsfEvent(anEntry(opens("/a"), { mark }), "1.2.3");
    isOcsf(made);
    assert.equal((made as { disposition: string }).disposition, "Detected");
  });

  it("keeps a violation whose record this version can not read", () => {
    const entry = { ...anEntry(opens("/a"), { mark: violationMark(1) }), record: { event: {} } };
    const made = ocsfEvent(entry, "1.2.3");
    isOcsf(made);
    assert.deepEqual((made as { evidences: object[] }).evidences, [{ data: { event: {} } }]);
    assert.match(
      tsemText(entry, { marks: false }) ?? "",
      /^\{"export": \{"type": "event"\}, "event": \{\}\}$/,
    );
    for (const record of [{}, { event: 7 }]) {
      const text = tsemText({ ...entry, record }, { marks: true }) ?? "";
      const { galgo, ...others } = JSON.parse(text) as Record<string, unknown>;
      assert.deepEqual(others, { export: { type: "event" }, ...record });
      assert.ok(galgo);
    }
  });

  it("says who, what and with what effect", () => {
    const [, event, mark] = findings[0] ?? assert.fail();
    const made = ocsfEvent(anEntry(event, { mark }), "1.2.3") as {
      disposition: string;
      finding_info: { uid: string };
      evidences: {
        file: { path: string };
        actor: {
          process: { file: { path: string }; container: { uid: string; image: { name: string } } };
        };
      }[];
    };
    const [evidence] = made.evidences;
    assert.equal(made.disposition, "Blocked");
    assert.equal(made.finding_info.uid, "20261122T000000000Z-abcdef/violation/1");
    assert.equal(evidence?.file.path, "/etc/shadow");
    assert.equal(evidence.actor.process.file.path, PROGRAM);
    assert.equal(evidence.actor.process.container.image.name, "shop:2");
  });

  it("tells where a connection would have gone", () => {
    const to = findings.slice(1, 3).map(([, event, mark]) => {
      const made = ocsfEvent(anEntry(event, { mark }), "1") as {
        evidences: { dst_endpoint: object }[];
      };
      return made.evidences[0]?.dst_endpoint;
    });
    assert.deepEqual(to, [
      { ip: "127.0.0.1", port: 443 },
      { ip: "0000:0000:0000:0000:0000:0000:0000:0001", port: 443 },
    ]);
  });

  it("makes Process Activity of a program that starts, and nothing of other behaviours", () => {
    const made = ocsfEvent(anEntry(IDENTITY, { kind: "trajectory" }), "1.2.3");
    isOcsf(made);
    const { class_uid, process } = made as {
      class_uid: number;
      process: { file: { hashes: object[] } };
    };
    assert.equal(class_uid, 1007);
    assert.deepEqual(process.file.hashes, [
      { algorithm_id: 3, algorithm: "SHA-256", value: "ee".repeat(32) },
    ]);
    assert.equal(ocsfEvent(anEntry(opens("/a"), { kind: "trajectory" }), "1"), undefined);
  });

  it("is one line of harmless text whatever a name holds", () => {
    const text = ocsfText(anEntry(opens(HOSTILE), { mark: violationMark(1) }), "1") ?? "";
    assert.doesNotMatch(text, /[\p{Cc}\u202e\u2028]/u);
  });
});

/** RFC 5424, 6: the header, structured data with escapes, the message with its mark. */
const SYSLOG =
  /^<(\d{1,3})>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z [!-~]{1,255} galgo \d{1,128} [!-~]{1,32} \[galgo@32473(?: [a-z]{1,32}="(?:[^"\\\]]|\\["\\\]])*")+\] \ufeff([^\n]*)$/u;

describe("syslog", () => {
  const format = { facility: "authpriv", enterprise: 32_473 } as const;
  const cases: [string, Partial<Entry>, number][] = [
    ["a violation is a warning", { mark: violationMark(1) }, 84],
    [
      "a workload that had to be killed is an alert",
      { mark: violationMark(1, { decision: "killed" }) },
      81,
    ],
    ["a refused call is a notice", { mark: refused }, 85],
    ["a new behaviour is information", { kind: "trajectory" }, 86],
  ];
  for (const [what, changes, priority] of cases) {
    it(what, () => {
      const entry = anEntry(opens(HOSTILE), { ...changes, program: HOSTILE });
      const text = syslogText(entry, wordsOfEntry(entry), format);
      const [, found, message] = SYSLOG.exec(text) ?? assert.fail(text);
      assert.equal(Number(found), priority);
      assert.ok(message !== "");
      assert.doesNotMatch(text, /[\p{Cc}\p{Cs}\u202e\u2028]/u);
    });
  }
});

describe("a sentence", () => {
  it("is one line, also when it is the message of an error", () => {
    const lifecycle = { what: "failed", text: "no\nroom\u202e" } as const;
    const entry = { ...anEntry(opens("/a")), kind: "lifecycle", lifecycle } as const;
    assert.equal(wordsOfEntry(entry), '"no\\nroom\\u{202e}"');
  });
});

describe("records as a TSEM kernel exports them", () => {
  it("say by their kind whether the task waited, and carry the id of the entry", () => {
    const { heldUs: _, ...unheld } = violationMark(1);
    const kinds = [undefined, violationMark(1), unheld, refused].map((mark) => {
      const changes = mark === undefined ? { kind: "trajectory" as const } : { mark };
      const text = tsemText(anEntry(opens("/a b"), changes), { marks: true }) ?? "";
      assert.match(text, /"galgo": \{"id":"20261122T000000000Z-abcdef\/forensics\/3"/);
      return readTsemRecord(text.replace(/, "galgo": .*\}$/, "}")).kind;
    });
    assert.deepEqual(kinds, ["event", "event", "async_event", "log"]);
  });

  it("keep the event as it was, whatever its names hold", () => {
    const event = opens(HOSTILE);
    const text = tsemText(anEntry(event, { mark: violationMark(1) }), { marks: false }) ?? "";
    const read = readTsemRecord(text);
    assert.ok("event" in read && read.event !== undefined);
    assert.deepEqual(parseRecord(writeRecord(read.event)), parseRecord(writeRecord(event)));
  });

  it("leave out identities, which no kernel exports", () => {
    assert.equal(tsemText(anEntry(IDENTITY), { marks: true }), undefined);
  });
});
