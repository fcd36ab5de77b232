// SPDX-License-Identifier: Apache-2.0
// A workload that is running, asked through Quixote's management socket. The bytes are written and read here by hand, so that
// they are those of the protocol and not those of our client.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { lstatSync, openSync, readdirSync, writeSync } from "node:fs";
import { before, describe, it } from "node:test";
import { Place } from "../cli/galgo.ts";
import { buildLaunchers } from "../helpers/built.ts";
import { play, replay, shown, until } from "../helpers/managed-run.ts";
import { ASK, counts, texts } from "../helpers/raw-console.ts";

before(() => {
  buildLaunchers();
});

describe("a free run with a management socket", () => {
  it("answers in the protocol's bytes, and says at its end what it said before", async (t) => {
    const { place, run, socket, step, open } = play(
      t,
      "cat /etc/passwd; cat /etc/passwd; echo ready; read x <&3",
    );
    await run.says(/ready/);
    assert.equal(lstatSync(socket).mode & 0o7777, 0o600);
    const raw = open();
    const state = await raw.value(ASK.state);
    const measurement = await raw.value(ASK.measurement);
    const coefficients = texts(await raw.list(ASK.coefficients));
    for (const text of coefficients) assert.match(text, /^[0-9a-f]{64}$/);
    const seen = counts(await raw.list(ASK.counts));
    const lines = await until(
      () => raw.list(ASK.trajectory),
      (frames) => frames.length === coefficients.length,
    );
    for (const line of texts(lines)) {
      const record = JSON.parse(line);
      assert.deepEqual(Object.keys(record), ["event", "COE", record.event.type]);
    }
    raw.request(ASK.map);
    assert.deepEqual(await raw.frame(), Buffer.alloc(32));
    assert.deepEqual(texts(await raw.rest()), coefficients);
    for (const empty of [ASK.forensics, ASK.forensicsCoefficients, ASK.forensicsCounts, ASK.events])
      assert.deepEqual(await raw.list(empty), []);
    await raw.end();
    step();
    const { status, stderr } = await run.ended;
    assert.equal(status, 0, stderr);
    assert.deepEqual(await shown(place, "state"), { state });
    assert.deepEqual(await shown(place, "measurement"), { measurement });
    assert.deepEqual(await shown(place, "coefficients"), coefficients);
    const points: unknown = await shown(place, "counts");
    assert.deepEqual(
      points,
      coefficients.map((coefficient, at) => ({ coefficient, count: seen[at], valid: true })),
    );
    assert.ok(seen.some((count) => count > 1));
    assert.deepEqual(readdirSync(place.path("mgmt")), []);
  });
});

describe("an enforced run with a management socket", () => {
  it("shows what was refused, and the calls of who is untrusted", async (t) => {
    const place = new Place(t);
    execFileSync("mkfifo", [place.path("steps")]);
    const script = "exec 3<>steps; echo ready; read x <&3; cat /dev/null; echo done; read x <&3";
    const learned = place.start([
      "learn",
      "--name",
      "wl",
      "-o",
      "m.json",
      "--",
      "sh",
      "-c",
      script,
    ]);
    const fifo = openSync(place.path("steps"), "r+");
    writeSync(fifo, "go\ngo\n");
    assert.equal((await learned.ended).status, 0);
    const other = "echo ready; read x <&3; cat /etc/passwd; echo done; read x <&3";
    const options = ["-m", "m.json", "--enforce"];
    const { run, step, open } = replay(t, place, other, options);
    await run.says(/ready/);
    const raw = open();
    const known = texts(await raw.list(ASK.coefficients));
    const unseen = counts(await raw.list(ASK.counts)).filter((count) => count === 0);
    assert.ok(unseen.length > 0, "what was learned and has not happened yet counts 0");
    assert.deepEqual(await raw.list(ASK.forensicsCoefficients), []);
    raw.request(ASK.seal);
    assert.deepEqual(await raw.frame(), Buffer.from("OK\0"));
    step();
    await run.says(/done/);
    assert.deepEqual(texts(await raw.list(ASK.coefficients)), known);
    assert.equal((await raw.list(ASK.forensicsCoefficients)).length, 1);
    const lines = texts(
      await until(
        () => raw.list(ASK.forensics),
        (frames) => frames.length === 1,
      ),
    );
    assert.match(lines[0] ?? "", /"pathname": "\/etc\/passwd"/);
    // cat complains, in vain: it may not do anything any more that is held
    const later = texts(await raw.list(ASK.events));
    for (const line of later) assert.equal(JSON.parse(line).event.process, "cat");
    await raw.end();
    step();
    const { status, stderr } = await run.ended;
    assert.equal(status, 121, stderr);
  });
});

describe("consoles that misbehave", () => {
  const MISBEHAVIOUR: readonly (readonly [string, readonly number[], RegExp])[] = [
    ["asks for what is not served", [0, 0, 0, 4, 5, 0, 0, 0], /command 5 is not served/],
    ["asks for a negative command", [0, 0, 0, 4, 255, 255, 255, 255], /command -1 is not served/],
    ["announces a giant frame", [255, 255, 255, 255], /a frame of 4294967295 bytes/],
    ["sends half a command", [0, 0, 0, 2, 7, 0], /a request of 2 bytes/],
  ];

  it("lose their session and nothing else", async (t) => {
    const { run, step, open } = play(t, "echo ready; read x <&3; echo done");
    await run.says(/ready/);
    for (const [what, bytes, notice] of MISBEHAVIOUR) {
      const raw = open();
      raw.socket.write(Buffer.from(bytes));
      assert.equal(await raw.take(1), undefined, what);
      await run.says(notice);
    }
    // gone without a word: before a request, in the middle of one, before the answer was read
    for (const bytes of [[], [0, 0], [0, 0, 0, 4, ASK.trajectory, 0, 0, 0]]) {
      const raw = open();
      await new Promise<void>((resolve) => raw.socket.write(Buffer.from(bytes), () => resolve()));
      raw.socket.destroy();
    }
    const raw = open();
    assert.match(await raw.value(ASK.state), /^[0-9a-f]{64}$/);
    await raw.end();
    step();
    const { status, stderr } = await run.ended;
    assert.equal(status, 0, stderr);
  });

  it("may stay silent, or not read what they asked for: the workload goes on and ends", async (t) => {
    const { run, step, open } = play(t, "echo ready; read x <&3; cat /etc/passwd; read x <&3");
    await run.says(/ready/);
    const lazy = open();
    lazy.socket.pause();
    for (let request = 0; request < 200; request += 1) lazy.request(ASK.trajectory);
    const waiting = open();
    waiting.request(ASK.state);
    step();
    await run.says(/root:/);
    step();
    const { status, stderr } = await run.ended;
    assert.equal(status, 0, stderr);
  });

  it("are served one at a time, in the order they came", async (t) => {
    const { run, step, open } = play(t, "echo ready; read x <&3");
    await run.says(/ready/);
    const first = open();
    await first.value(ASK.state);
    const second = open();
    const answer = second.value(ASK.state);
    const order: string[] = [];
    void answer.then(() => order.push("second"));
    for (let turn = 0; turn < 20; turn += 1) await first.value(ASK.measurement);
    order.push("first");
    await first.end();
    await answer;
    assert.deepEqual(order, ["first", "second"]);
    await second.end();
    step();
    assert.equal((await run.ended).status, 0);
  });
});

describe("the socket's file", () => {
  it("of a Galgo that was killed is replaced, and its console is told at once", async (t) => {
    const { place, run, socket, step, open } = play(t, "echo ready; read x <&3");
    await run.says(/ready/);
    const raw = open();
    await raw.value(ASK.state);
    run.process.kill("SIGKILL");
    assert.equal((await run.ended).signal, "SIGKILL");
    assert.equal(await raw.take(1), undefined);
    assert.ok(lstatSync(socket).isSocket());
    const again = replay(t, place, "echo ready; read x <&3", []);
    await again.run.says(/ready/);
    const other = again.open();
    await other.value(ASK.state);
    await other.end();
    step();
    assert.equal((await again.run.ended).status, 0);
    assert.deepEqual(readdirSync(again.sockets), []);
  });

  it("that is in use is left alone: the second run of that name is not started", async (t) => {
    const { place, run, step, open, sockets } = play(t, "echo ready; read x <&3");
    await run.says(/ready/);
    const second = await place.galgo(
      ...["run", "--name", "wl", "--quixote-socket", sockets, "--", "touch", "never"],
    );
    assert.equal(second.status, 125);
    assert.match(second.stderr, /mgmt\/wl is in use by a run that goes on/);
    assert.ok(!place.files().includes("never"));
    const raw = open();
    await raw.value(ASK.state);
    await raw.end();
    step();
    const { status, stderr } = await run.ended;
    assert.equal(status, 0);
    assert.doesNotMatch(stderr, /management socket/);
  });
});

describe("galgo show as the console of another galgo", () => {
  it("prints what the run says of itself at its end", async (t) => {
    const { place, run, step, sockets, socket } = play(
      t,
      "cat /etc/passwd; echo ready; read x <&3",
    );
    await run.says(/ready/);
    const ask = async (...words: string[]): Promise<string> => {
      const { status, stdout, stderr } = await place.galgo("show", "--quixote-socket", ...words);
      assert.equal(status, 0, stderr);
      return stdout;
    };
    assert.equal(await ask(sockets), "wl\n");
    const subjects = ["state", "measurement", "coefficients", "counts"];
    const answers = new Map<string, string>();
    for (const subject of subjects) answers.set(subject, await ask(socket, subject));
    assert.match(await ask(sockets, "wl", "trajectory"), /cat opens \/etc\/passwd for reading/);
    const map = await ask(socket, "map");
    assert.equal(
      map,
      `aggregate ${"0".repeat(64)}\n${(answers.get("coefficients") ?? "").replace(/^/gm, "state ").replace(/state $/, "")}seal\nend\n`,
    );
    assert.equal(await ask(socket, "forensics"), "");
    assert.equal(await ask(socket, "events", "--json"), "");
    step();
    assert.equal((await run.ended).status, 0);
    for (const subject of subjects) {
      const { stdout } = await place.galgo("show", "wl", subject);
      assert.equal(stdout, answers.get(subject), subject);
    }
    const gone = await place.galgo("show", "--quixote-socket", socket, "state");
    assert.equal(gone.status, 125);
    assert.match(gone.stderr, /no management socket at \S*wl \(ENOENT\)/);
  });
});
