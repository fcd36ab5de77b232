// SPDX-License-Identifier: Apache-2.0
// The MQTT output against real brokers: one that is killed again and again while 100,000 records are exported, and one that is read with the
// usual tool.
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { connect as connectTcp } from "node:net";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { connectAsync } from "mqtt";
import { openOutputs } from "../../src/daemon/outputs/outputs.ts";
import { readTsemRecord } from "../../src/event/index.ts";
import { freePort } from "../helpers/ports.ts";
import {
  eventually,
  FakeRun,
  IDENTITY,
  openOutputPlace,
  opens,
  violationMark,
} from "../helpers/output-run.ts";

const NATS = "/usr/sbin/nats-server";
const MOSQUITTO = "/usr/sbin/mosquitto";
const RECORDS = 100_000;
const place = openOutputPlace();
const children = new Set<ChildProcess>();

const ends: (() => Promise<unknown>)[] = [];
after(async () => {
  for (const end of ends) await end();
  for (const child of children) child.kill("SIGKILL");
  place.dispose();
});

/** Starts a broker and waits until it takes connections. */
async function startBroker(command: string, args: readonly string[], port: number) {
  const child = spawn(command, args, { stdio: "ignore" });
  children.add(child);
  child.once("exit", () => children.delete(child));
  for (;;) {
    const socket = connectTcp(port, "127.0.0.1");
    const open = await new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(true));
      socket.once("error", () => resolve(false));
    });
    socket.destroy();
    if (open) return child;
    if (child.exitCode !== null) throw new Error(`${command} ended with ${child.exitCode}`);
    await pause(20);
  }
}

async function killed(child: ChildProcess): Promise<void> {
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}

/** A client that the broker keeps messages for while it is away. */
async function subscriber(port: number, topic: string, take: (text: string) => void) {
  const settings = { clientId: "reader", clean: false, reconnectPeriod: 50, username: "reader" };
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`, settings);
  ends.push(() => client.endAsync(true));
  client.on("error", () => undefined);
  client.on("message", (_, payload) => take(payload.toString("utf8")));
  await client.subscribeAsync(topic, { qos: 1 });
  return client;
}

describe("the MQTT output", () => {
  it("loses none of 100,000 records while the broker is killed and started again", {
    skip: existsSync(NATS) ? false : "needs nats-server",
  }, async () => {
    const port = await freePort();
    const store = join(place.folder, "nats");
    mkdirSync(store);
    const config = join(place.folder, "nats.conf");
    writeFileSync(
      config,
      `listen: "127.0.0.1:${await freePort()}"\nserver_name: t\njetstream { store_dir: "${store}" }\n` +
        // what the reader had not acknowledged when the broker was killed comes again after that time, else after 30 s
        `mqtt { listen: "127.0.0.1:${port}", ack_wait: "1s" }\n`,
    );
    let broker = await startBroker(NATS, ["-c", config], port);
    const seen = new Map<string, number>();
    const reader = await subscriber(port, "tsem/#", (payload) => {
      for (const line of payload.split("\n")) {
        const id = /"id":"([^"]+)"/.exec(line)?.[1];
        if (id !== undefined) seen.set(id, (seen.get(id) ?? 0) + 1);
      }
    });
    const outputs = await openOutputs({
      folder: join(place.folder, "kill"),
      journal: {},
      outputs: [{ kind: "mqtt", url: `mqtt://127.0.0.1:${port}`, topic: "tsem/{name}", queue: 50 }],
      version: "1.2.3",
      env: {},
      onNotice: () => undefined,
    });
    ends.push(() => outputs.close(0));
    const run = new FakeRun(place.folder).learns(IDENTITY).learnsMany(0, RECORDS).ends();
    outputs.started(run, "started");
    outputs.ended(run);
    const [output] = outputs.status().outputs;
    assert.ok(output);
    let kills = 0;
    for (const share of [0.2, 0.6]) {
      await eventually(() => seen.size >= share * RECORDS);
      await killed(broker);
      kills += 1;
      broker = await startBroker(NATS, ["-c", config], port);
    }
    await eventually(() => seen.size >= RECORDS);
    await eventually(() => outputs.status().outputs[0]?.waiting === 0);
    await outputs.close();
    await reader.endAsync(true);
    await killed(broker);
    assert.equal(kills, 2);
    assert.equal(seen.size, RECORDS);
    const twice = [...seen.values()].reduce((sum, count) => sum + count - 1, 0);
    console.log(`# ${RECORDS} records, ${kills} kills of the broker, ${twice} came twice`);
    const status = outputs.status().outputs[0];
    assert.deepEqual([status?.dropped, status?.refused], [0, 0]);
    assert.ok((status?.failures ?? 0) > 0, "the kills were noticed");
  });

  it("sends what Quixote's export sends: a record and a newline, under the topic, as user tsem", {
    skip: existsSync(MOSQUITTO) ? false : "needs mosquitto",
  }, async () => {
    const port = await freePort();
    const password = join(place.folder, "passwords");
    execFileSync("mosquitto_passwd", ["-b", "-c", password, "tsem", "secret"]);
    const config = join(place.folder, "mosquitto.conf");
    writeFileSync(config, `listener ${port} 127.0.0.1\npassword_file ${password}\nuser root\n`);
    const broker = await startBroker(MOSQUITTO, ["-c", config], port);
    const reader = spawn(
      // a line of it is wanted as soon as it is there
      "stdbuf",
      [
        "-oL",
        "mosquitto_sub",
        "-p",
        String(port),
        "-u",
        "tsem",
        "-P",
        "secret",
        "-t",
        "hosts/web",
        "-C",
        "4",
        "-F",
        "%l %p",
        "-d",
      ],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    children.add(reader);
    let said = "";
    const subscribed = new Promise<void>((resolve) => {
      reader.stdout.on("data", (piece: Buffer) => {
        said += piece.toString("utf8");
        if (said.includes("Subscribed")) resolve();
      });
    });
    await subscribed;
    const outputs = await openOutputs({
      folder: join(place.folder, "quixote"),
      journal: {},
      outputs: [
        { kind: "mqtt", url: `mqtt://127.0.0.1:${port}`, topic: "hosts/{name}", marks: false },
      ],
      version: "1.2.3",
      env: { TSEM_PASSWORD: "secret" },
      onNotice: (text) => assert.fail(text),
    });
    const late = violationMark(2);
    const { heldUs: _, ...unheld } = late;
    const refused = { kind: "refused", number: 2, decision: "denied" } as const;
    const run = new FakeRun(place.folder)
      .learns(IDENTITY, opens("/etc/hosts"))
      .violates(opens("/etc/shadow"), violationMark(1))
      .violates(opens("/etc/gshadow"), unheld)
      .violates(opens("/etc/passwd"), refused)
      .ends();
    outputs.started(run, "started");
    outputs.ended(run);
    await once(reader, "exit");
    await outputs.close();
    await killed(broker);
    const messages = said.split("\n").filter((line) => /^\d+ \{/.test(line));
    assert.equal(messages.length, 4);
    const kinds = messages.map((line) => {
      const [, size, text = ""] = /^(\d+) (.*)$/.exec(line) ?? [];
      assert.equal(Number(size), Buffer.byteLength(text) + 1, "one newline behind the record");
      for (const dialect of ["kernel", "quixote-2024"] as const) {
        const read = readTsemRecord(text, { dialect });
        assert.ok("event" in read && read.event?.hook === "file_open");
      }
      return readTsemRecord(text).kind;
    });
    assert.deepEqual(kinds.sort(), ["async_event", "event", "event", "log"]);
  });
});
