// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { appendFileSync, cpSync, mkdirSync, renameSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import {
  FakeRun,
  IDENTITY,
  openOutputPlace,
  opens,
  type OutputPlace,
  PROGRAM,
  violationMark,
} from "../../../../test/helpers/output-run.ts";
import { type Entry, ENTRY_KINDS, type EntryKind } from "./entry.ts";
import { Feeds } from "./feeds.ts";
import { Journal } from "./journal.ts";
import { JournalReader } from "./reader.ts";

const ALL = { entries: 1_000_000, bytes: 64 * 1024 * 1024 };
let place: OutputPlace;
const open: Journal[] = [];

beforeEach(() => {
  place = openOutputPlace();
});
afterEach(() => {
  for (const journal of open.splice(0)) journal.close();
  place.dispose();
});

/** As a daemon that starts. */
function start(
  kinds: readonly EntryKind[] = ENTRY_KINDS,
  folder = place.kept,
  changes: { readonly maxBytes?: number; onProblem?(text: string): void } = {},
): { journal: Journal; feeds: Feeds } {
  const { maxBytes = 64 * 1024 * 1024, onProblem = (text) => assert.fail(text) } = changes;
  const journal = new Journal({ folder, maxBytes });
  open.push(journal);
  const feeds = new Feeds({
    journal,
    folder,
    wanted: new Set(kinds),
    onProblem,
  });
  return { journal, feeds };
}

function entriesOf(journal: Journal): Entry[] {
  return [...new JournalReader(journal, 1).read(ALL).entries];
}

function idsOf(journal: Journal, run: FakeRun): string[] {
  return entriesOf(journal).flatMap(({ id, workload }) =>
    workload?.run === run.workload.run ? id.slice(run.workload.run.length + 1) : [],
  );
}

describe("the feeds", () => {
  it("take complete lines only, each once, while files grow", async () => {
    const { journal, feeds } = start();
    const run = new FakeRun(place.folder);
    feeds.open(run);
    await feeds.pullAll();
    run.learns(IDENTITY, opens("/a"));
    await feeds.pullAll();
    appendFileSync(run.directory.trajectory, '{"event": {"pid": "1", ');
    await feeds.pullAll();
    assert.deepEqual(idsOf(journal, run), ["trajectory/1", "trajectory/2"]);
    appendFileSync(run.directory.trajectory, '"half": "yes"}}\n');
    await feeds.pullAll();
    await feeds.pullAll();
    assert.deepEqual(idsOf(journal, run), ["trajectory/1", "trajectory/2", "trajectory/3"]);
    await feeds.stop();
  });

  it("say who did what, and leave out records that only name programs", async () => {
    const { journal, feeds } = start();
    const run = new FakeRun(place.folder, { container: { id: "c1", image: "shop:2" } });
    feeds.open(run);
    run.violates(opens("/etc/shadow"), violationMark(1));
    await feeds.pullAll();
    const [found, ...others] = entriesOf(journal);
    assert.deepEqual(others, []);
    assert.equal(found?.id, `${run.workload.run}/forensics/2`);
    assert.equal(found.program, PROGRAM);
    assert.equal(found.words, "opens /etc/shadow for reading");
    assert.equal(found.mark?.decision, "denied");
    assert.equal(found.workload?.container?.image, "shop:2");
    await feeds.stop();
  });

  it("go on where a killed daemon was: nothing is lost, nothing comes twice", async () => {
    const run = new FakeRun(place.folder);
    const first = start();
    first.feeds.open(run).feed.tell({ what: "started", text: "web runs" });
    run.learns(IDENTITY).learnsMany(0, 500);
    await first.feeds.pullAll();
    // as a kill -9 leaves it: neither stop nor close
    const left = join(place.folder, "left");
    cpSync(place.kept, left, { recursive: true });
    await first.feeds.stop();
    run.learnsMany(500, 500).violates(opens("/etc/shadow"), violationMark(1)).ends();
    const second = start(ENTRY_KINDS, left);
    assert.deepEqual(second.feeds.left, [run.workload.run]);
    second.feeds.end(run.workload.run, { what: "failed", text: "the daemon ended" });
    await second.feeds.pullAll();
    const ids = idsOf(second.journal, run);
    assert.equal(new Set(ids).size, ids.length);
    assert.equal(ids.filter((id) => id.startsWith("trajectory/")).length, 1_001);
    assert.equal(ids.at(-1), "lifecycle/2");
    const violation = entriesOf(second.journal).find(({ kind }) => kind === "forensics");
    assert.equal(violation?.program, PROGRAM);
    await second.feeds.stop();
    const third = start(ENTRY_KINDS, left);
    assert.deepEqual(third.feeds.left, []);
    await third.feeds.stop();
  });

  it("read all of a run again when a power cut took entries that were taken from it", async () => {
    const run = new FakeRun(place.folder).learns(IDENTITY).learnsMany(0, 100);
    const first = start();
    first.feeds.open(run);
    await first.feeds.pullAll();
    await first.feeds.stop();
    const path = first.journal.segments.at(-1)?.path ?? assert.fail();
    truncateSync(path, Math.floor(statSync(path).size / 2));
    const second = start();
    await second.feeds.pullAll();
    assert.equal(new Set(idsOf(second.journal, run)).size, 101);
    await second.feeds.stop();
  });

  it("take what the journal could not be given as soon as it can, also of a run that has ended", async () => {
    const said: string[] = [];
    const { journal, feeds } = start(ENTRY_KINDS, place.kept, {
      maxBytes: 1024 * 1024,
      onProblem: (text) => said.push(text),
    });
    const run = new FakeRun(place.folder);
    // the next entry needs a new file
    feeds.open(run).feed.tell({ what: "started", text: "x".repeat(200_000) });
    renameSync(place.kept, `${place.kept}-away`);
    run.learns(IDENTITY, opens("/a"));
    for (let round = 0; round < 3; round++) await feeds.pullAll();
    renameSync(`${place.kept}-away`, place.kept);
    feeds.end(run.workload.run, { what: "ended", text: "web ended" });
    await feeds.pullAll();
    const ids = idsOf(journal, run);
    assert.deepEqual(ids, ["lifecycle/1", "trajectory/1", "trajectory/2", "lifecycle/2"]);
    assert.equal(said.length, 1, said.join("\n"));
    assert.match(said[0] ?? "", /can not write the journal/);
    await feeds.stop();
  });

  it("say once that a file can not be read, and take all others", async () => {
    const said: string[] = [];
    const { journal, feeds } = start(ENTRY_KINDS, place.kept, {
      onProblem: (text) => said.push(text),
    });
    const [good, bad, better] = [0, 1, 2].map(() => new FakeRun(place.folder));
    assert.ok(good && bad && better);
    mkdirSync(bad.directory.trajectory);
    for (const run of [good, bad, better]) feeds.open(run);
    for (let round = 0; round < 3; round++) {
      good.learns(opens(`/${round}`));
      better.learns(opens(`/${round}`));
      await feeds.pullAll();
    }
    assert.equal(idsOf(journal, good).length + idsOf(journal, better).length, 6);
    assert.equal(said.length, 1, said.join("\n"));
    assert.match(said[0] ?? "", new RegExp(`${bad.workload.run}.*EISDIR`));
    await feeds.stop();
  });

  it("take of all runs in turn, also when one has much more", async () => {
    const { journal, feeds } = start();
    const [loud, quiet] = [0, 1].map(() => new FakeRun(place.folder));
    assert.ok(loud && quiet);
    loud.learnsMany(0, 2_000);
    quiet.learns(IDENTITY);
    for (const run of [loud, quiet]) feeds.open(run);
    await feeds.pullAll();
    const runs = entriesOf(journal).map(({ workload }) => workload?.run);
    assert.equal(runs.length, 2_001);
    assert.ok(runs.indexOf(quiet.workload.run) < 1_000);
    await feeds.stop();
  });

  it("are not put off by a workload that violates all the time", async () => {
    const { journal, feeds } = start();
    const run = new FakeRun(place.folder).learns(IDENTITY);
    feeds.open(run);
    for (let at = 0; at < 400 && journal.next === 1; at++) {
      feeds.hurry();
      await pause(2);
    }
    assert.deepEqual(idsOf(journal, run), ["trajectory/1"]);
    await feeds.stop();
  });

  it("leave out files that no output wants", async () => {
    const { journal, feeds } = start(["lifecycle", "forensics"]);
    const run = new FakeRun(place.folder).learns(IDENTITY, opens("/a"));
    feeds.open(run);
    feeds.end(run.workload.run, { what: "ended", text: "web ended" });
    await feeds.pullAll();
    assert.deepEqual(idsOf(journal, run), ["lifecycle/1"]);
    await feeds.stop();
  });
});
