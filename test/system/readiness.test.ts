// SPDX-License-Identifier: Apache-2.0
// Whether a learned model is ready: what did nothing is refused with the reason, what did its work is not.
import assert from "node:assert/strict";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { connect } from "node:net";
import { before, describe, it } from "node:test";
import { Place } from "../cli/galgo.ts";
import { buildLaunchers } from "../helpers/built.ts";

before(() => {
  buildLaunchers();
});

interface Lint {
  readonly verdict: string;
  readonly reasons: readonly { readonly code: string; readonly message: string }[];
  readonly remarks: readonly { readonly code: string }[];
  readonly requirements: readonly { readonly require: string; readonly met: boolean }[];
  readonly estimates: Readonly<Record<string, number>>;
}

async function lint(place: Place, ...options: readonly string[]): Promise<Lint> {
  const { status, stdout, stderr } = await place.galgo(
    "model",
    "lint",
    "m.json",
    "--json",
    ...options,
  );
  const found = JSON.parse(stdout) as Lint;
  assert.equal(status, found.verdict === "ready" ? 0 : 1, stderr);
  return found;
}

const codes = ({ reasons }: Lint): readonly string[] => reasons.map(({ code }) => code);

async function learned(place: Place, options: readonly string[], command: readonly string[]) {
  const args = ["learn", "--runs", "3", "-o", "m.json", ...options, "--", ...command];
  const outcome = await place.galgo(...args);
  assert.equal(outcome.status, 0, outcome.stderr);
  return outcome;
}

describe("a model of a workload that did nothing", { concurrency: 2 }, () => {
  for (const command of [["true"], ["sleep", "0.1"], ["sh", "-c", "sleep 0.1; true"]]) {
    it(`is refused: ${command.join(" ")}`, async (t) => {
      const place = new Place(t);
      const { stderr } = await learned(place, [], command);
      assert.match(stderr, /NOT READY: .*did nothing but start/);
      const found = await lint(place);
      assert.deepEqual(codes(found), ["IDLE"]);
      assert.match(found.reasons[0]?.message ?? "", /did nothing but start: no file of its own/);
      const text = await place.galgo("model", "lint", "m.json");
      assert.match(text.stdout, /^not ready\n {2}IDLE: /);
    });
  }

  it("is ready when that was all that was wanted, and it is said what that is", async (t) => {
    const place = new Place(t);
    await learned(place, ["--require", "exec:uname"], ["uname", "-a"]);
    const found = await lint(place);
    assert.deepEqual(
      [found.verdict, found.requirements],
      ["ready", [{ require: "exec:uname", met: true }]],
    );
  });
});

const SERVER = `const net = require("node:net");
const server = net.createServer((socket) => socket.end("hello")).listen(0, "127.0.0.1", () => {
  console.log("port " + server.address().port);
});
process.on("SIGTERM", () => process.exit(0));`;

async function served(place: Place, clients: number): Promise<void> {
  const galgo = place.start(["learn", "-o", "m.json", "--", process.execPath, "server.js"]);
  const [, port] = await galgo.says(/port (\d+)\n/);
  for (let i = 0; i < clients; i += 1) {
    const client = connect(Number(port), "127.0.0.1");
    client.resume();
    await once(client, "close");
  }
  galgo.process.kill("SIGTERM");
  const { status, stderr } = await galgo.ended;
  assert.equal(status, 0, stderr);
}

describe("a model of a server", () => {
  it("is refused when nobody asked it for anything", async (t) => {
    const place = new Place(t);
    place.write("server.js", SERVER);
    await served(place, 0);
    assert.deepEqual(codes(await lint(place, "--allow", "ONE_RUN")), ["IDLE_SERVER"]);
    const allowed = await lint(place, "--allow", "ONE_RUN", "--allow", "IDLE_SERVER");
    assert.equal(allowed.verdict, "ready");
    assert.ok(allowed.remarks.some(({ code }) => code === "IDLE_SERVER"));
  });

  it("is ready when somebody did", async (t) => {
    const place = new Place(t);
    place.write("server.js", SERVER);
    await served(place, 2);
    assert.deepEqual(codes(await lint(place)), ["ONE_RUN"]);
    const found = await lint(place, "--allow", "ONE_RUN", "--require", "accept:*:*");
    assert.equal(found.verdict, "ready");
  });
});

describe("requirements", () => {
  it("are checked while learning, kept in the model, and looked for in its records", async (t) => {
    const place = new Place(t);
    const work = ["sh", "-c", "echo text >out.txt; cat out.txt; rm out.txt"];
    const { stderr } = await learned(
      place,
      ["--require", "exec:cat", "--require", "connect:*:5432", "--require", "write:out.txt"],
      work,
    );
    assert.match(stderr, /NOT MET: connect:\*:5432/);
    assert.doesNotMatch(stderr, /NOT MET: exec/);
    const found = await lint(place, "--require", "remove:out.txt", "--require", "listen");
    assert.deepEqual(codes(found), ["REQUIREMENT_NOT_MET", "REQUIREMENT_NOT_MET"]);
    assert.deepEqual(
      found.requirements.map(({ require, met }) => `${require} ${met}`),
      [
        ...["connect:*:5432 false", "exec:cat true", "write:out.txt true"],
        ...["listen false", "remove:out.txt true"],
      ],
    );
    assert.equal(found.estimates["expectedInNextRunThousandths"], 0);
    await place.galgo("model", "merge", "-o", "merged.json", "m.json", "m.json");
    const shown = await place.galgo("model", "show", "merged.json");
    assert.match(shown.stdout, /required, NOT MET +connect:\*:5432/);
    rmSync(place.path("m.json.records.jsonl"));
    const blind = await place.galgo("model", "lint", "m.json", "--require", "listen");
    assert.equal(blind.status, 2);
    assert.match(blind.stderr, /can only be seen in its records/);
  });

  it("that are written wrong cost no run", async (t) => {
    const place = new Place(t);
    const wrong = ["--require", "connect:db:5432"];
    const { status, stderr } = await place.galgo("learn", "-o", "m.json", ...wrong, "--", "true");
    assert.equal(status, 125);
    assert.match(stderr, /no address in db: events know addresses, not names/);
    assert.deepEqual(place.files(), []);
  });

  it("and findings that nobody knows are told of", async (t) => {
    const place = new Place(t);
    await learned(place, [], ["true"]);
    const { status, stderr } = await place.galgo("model", "lint", "m.json", "--allow", "NOISE");
    assert.equal(status, 2);
    assert.match(stderr, /there is no finding NOISE to allow; there are NO_POINTS/);
  });
});
