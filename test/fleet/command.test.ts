// SPDX-License-Identifier: Apache-2.0
// `galgo fleet serve` and its commands as people use them: what it refuses, in one line, and what is left when it is killed.
import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
} from "node:fs";
import { createServer } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { GALGO, Place } from "../cli/galgo.ts";
import { ServedFleet } from "../helpers/fleet-host.ts";
import { noNatsServer } from "../helpers/nats-cluster.ts";

describe("galgo fleet serve", { skip: noNatsServer() }, () => {
  const served = new ServedFleet();
  const place = new Place(undefined, GALGO);
  const folder = mkdtempSync(join(tmpdir(), "galgo-serve-"));
  after(async () => {
    await served.remove();
    place.remove();
    rmSync(folder, { recursive: true, force: true });
  });
  const galgo = (...words: readonly string[]) => place.galgo("fleet", ...words);

  it("says in one line what it can not do, and leaves nothing", async () => {
    const busy = createServer().listen(0, "127.0.0.1");
    await once(busy, "listening");
    const { port } = busy.address() as { port: number };
    const open = join(folder, "open");
    mkdirSync(open);
    chmodSync(open, 0o755);
    const data = join(folder, "data");
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [["--listen", "nowhere"], /--listen takes HOST:PORT/],
      [["--tls-cert", "/none", "--tls-key", "/none"], /"?\/none"? can not be read/],
      [
        ["--nats", "tls://127.0.0.1:1", "--mqtt-listen", "127.0.0.1:1"],
        /with --nats it is configured where it runs/,
      ],
      [["--nats", "tls://127.0.0.1:1"], /no connection to the bus/],
      [["--listen", `127.0.0.1:${port}`], /can not listen at 127\.0\.0\.1:\d+/],
      [["--nats-listen", `127.0.0.1:${port}`], /nats-server did not start: .*in use/],
      [["--data", open], /chmod 700/],
    ];
    for (const [words, message] of cases) {
      const { status, stdout, stderr } = await galgo(
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--data",
        data,
        ...words,
      );
      assert.equal(status, 125, `${words.join(" ")}: ${stderr}`);
      assert.match(stderr, message);
      assert.equal(stdout, "");
      assert.equal(stderr.trim().split("\n").length, 1, stderr);
    }
    busy.close();
    assert.equal(existsSync(join(data, "nats", "nats.pid")), false, "its bus is gone");
  });

  it("keeps secrets to its user, and answers commands of this machine", async () => {
    await served.start();
    for (const file of [
      "admin-token",
      "keys/account.nk",
      "keys/ca.pem",
      "fleet.db",
      "server.json",
      "nats/nats.conf",
    ])
      assert.equal(statSync(join(served.data, file)).mode & 0o077, 0, file);
    const token = await served.token("--uses", "3", "--expires", "15m", "--label", "site=a");
    assert.match(token, /^galgo1\./);
    const list = await galgo("token", "list", "--data", served.data);
    assert.match(list.stdout, /good +0\/3/);
    assert.ok(!list.stdout.includes(token.split(".")[1] ?? ""));
    const wrong = await galgo("host", "revoke", "nobody", "--data", served.data);
    assert.equal(wrong.status, 125, wrong.stderr);
    const second = await galgo("serve", "--listen", "127.0.0.1:0", "--data", served.data);
    assert.match(second.stderr, /another server has the database/);
    const far = await galgo("token", "--url", "https://127.0.0.1:1");
    assert.match(far.stderr, /GALGO_FLEET_API_TOKEN/);
  });

  it("leaves no bus behind when it is killed, and is there again", async () => {
    const before = served.busPid;
    await served.kill("SIGKILL");
    while (isNats(before)) await delay(20);
    await served.start();
    assert.notEqual(served.busPid, before);
    const list = await galgo("token", "list", "--json", "--data", served.data);
    assert.equal((JSON.parse(list.stdout) as unknown[]).length, 1);
  });

  it("writes nodes of a bus and leaf nodes", async () => {
    const output = join(folder, "node");
    const words = [
      "--cluster",
      "10.0.0.1:6222",
      "--route",
      "10.0.0.2:6222",
      "--place",
      "/etc/galgo-nats",
    ];
    const made = await galgo("nats-config", "n1", "-o", output, "--data", served.data, ...words);
    assert.equal(made.status, 0, made.stderr);
    const conf = readFileSync(join(output, "nats.conf"), "utf8");
    assert.match(conf, /verify: true/);
    assert.match(conf, /"\/etc\/galgo-nats\/tls\.key"/);
    const leaf = await galgo(
      "nats-config",
      "l1",
      "-o",
      output,
      "--data",
      served.data,
      "--leaf-of",
      "tls://hub:7422",
      "--json",
    );
    const { files } = JSON.parse(leaf.stdout) as { files: readonly string[] };
    assert.ok(files.some((file) => file.endsWith("leaf.creds")));
    for (const file of files) assert.equal(statSync(file).mode & 0o077, 0, file);
    const both = await galgo(
      "nats-config",
      "l1",
      "-o",
      output,
      "--data",
      served.data,
      "--leaf-of",
      "tls://hub:1",
      "--mqtt",
      "x:1",
    );
    assert.match(both.stderr, /--leaf-of makes a leaf node/);
  });
});

function isNats(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim() === "nats-server";
  } catch {
    return false;
  }
}
