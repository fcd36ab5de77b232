// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { anyEventOf } from "../helpers/any-event.ts";
import { aFile, anEvent, aSyscall } from "../helpers/events.ts";
import { eventOf } from "../helpers/sancho-device.ts";
import { SHA256 } from "../helpers/test-hasher.ts";
import { linesOf, anyVectors } from "../helpers/vectors.ts";
import {
  asKernelTells,
  flatRecord,
  HOOK_NAMES,
  HOOKS,
  readTsemRecord,
  RecordError,
  type SecurityEvent,
  writeTsemRecord,
} from "../../src/event/index.ts";
import { createMapper, ModelError } from "../../src/model/index.ts";

const path = (name: string): string => anyVectors(`quixote/${name}`).path;
const mapper = createMapper(SHA256, "quixote-2025");

/** The coefficient, where there is one. */
function mapped(event: SecurityEvent): string | undefined {
  try {
    return mapper.coefficient(event);
  } catch (error) {
    assert.ok(error instanceof ModelError);
    return undefined;
  }
}

/** What json2quixote has printed of the lines of the trajectory, as far as it came: at an object it stops in the line, at a mapping altogether. */
const printed = linesOf(path("utilities.jsonl"))
  .map((line) => JSON.parse(line) as { argv: readonly string[]; stdout: string })
  .filter(({ argv }) => argv[0] === "json2quixote")
  .flatMap(({ stdout }) => stdout.trimEnd().split("\n"));

describe("the flat form of a record", () => {
  const lines = linesOf(path("utilities-traj.txt")).slice(0, printed.length);
  for (const [index, line] of lines.entries()) {
    const theirs = printed[index] ?? "";
    const record = readTsemRecord(line);
    const hook = "event" in record ? record.event?.hook : undefined;
    it(`is that of json2quixote, byte for byte: ${hook}`, () => {
      const ours = flatRecord(record);
      if (theirs.endsWith("}")) assert.equal(ours, theirs);
      else assert.equal(ours.slice(0, theirs.length + 1), `${theirs}{`);
    });
  }

  it("was compared for nine hooks, six of them whole", () => {
    assert.equal(printed.length, 9);
    assert.equal(printed.filter((line) => line.endsWith("}")).length, 6);
  });

  it("has a pid in front when it is exported, and its file behind a mapping", () => {
    const map = anEvent("mmap_file", { file: aFile("/lib/x"), prot: 5, flags: 2 });
    const line = flatRecord({ kind: "event", event: map });
    assert.match(
      line,
      /^pid\{10\} event\{process=sh, type=mmap_file, ttd=0, p_ttd=0, task_id=1{64}, /,
    );
    assert.match(
      line,
      / mmap_file\{prot=5, flags=2\} file\{flags=32768, inode\{uid=0, .*, digest=c{64}\}$/,
    );
    const { file: _, ...anonymous } = map.cell;
    const cell = { ...map, cell: anonymous };
    assert.match(
      flatRecord({ kind: "async_event", event: cell }),
      / mmap_file\{prot=5, flags=2\}$/,
    );
    const log = { kind: "log", process: "cat", hook: "file_open", action: "DENY" } as const;
    assert.equal(flatRecord(log), "log{process=cat, event=file_open, action=DENY}");
    assert.match(flatRecord({ ...log, event: map }), /^pid\{10\} event/);
  });

  it("is refused where it could be read in another way", () => {
    const refused = (event: SecurityEvent): void =>
      assert.throws(
        () => flatRecord({ kind: "event", event }),
        (error) => error instanceof RecordError && error.code === "NOT_EXPRESSIBLE",
      );
    for (const name of ["/a, digest", "/a}", "/{a", "/a=b", "/a\n", "/a\0", "/\udc80", ""]) {
      refused(anEvent("file_open", { file: aFile(name) }));
    }
    refused(aSyscall("userfaultfd", [1n]));
    assert.throws(() => flatRecord({ kind: "aggregate", value: "00" }), RecordError);
    assert.throws(() => flatRecord({ kind: "nothing" }), RecordError);
  });

  for (const hook of HOOK_NAMES.filter((name) => HOOKS[name].origin === "tsem")) {
    it(`says what Quixote hashes of ${hook}, whatever it holds, or is refused`, () => {
      fc.assert(
        fc.property(anyEventOf(hook), (event) => {
          const told = { ...asKernelTells(event), process: "sh" } as SecurityEvent;
          const record = { kind: "event", event: told } as const;
          let line: string;
          try {
            writeTsemRecord(record, "quixote");
            line = flatRecord(record);
          } catch (error) {
            assert.ok(error instanceof RecordError);
            return;
          }
          const found = eventOf(line);
          assert.ok(found !== undefined);
          assert.equal(found.pid, event.pid);
          const coefficient = mapped(told);
          if (coefficient !== undefined) assert.equal(mapped(found), coefficient, line);
        }),
        { numRuns: 15 },
      );
    });
  }
});
