// SPDX-License-Identifier: Apache-2.0
// deploy/fleet: the services of the compose file work together. There is no container engine for it here: the commands of the services are run as
// they stand in the file, with its folders in a temporary one and its names as addresses of loopback. And the units of systemd.
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { parse } from "yaml";
import { freePort } from "../helpers/ports.ts";
import { noPostgres, TestPostgres } from "../helpers/postgres.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const FOLDER = join(ROOT, "deploy/fleet");
const GALGO = join(ROOT, "dist/galgo.cjs");
const READY_MS = 30_000;
const ENDED_MS = 20_000;

interface Service {
  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly build?: { readonly dockerfile: string };
  readonly depends_on?: Readonly<Record<string, object>>;
  readonly volumes?: readonly string[];
  readonly secrets?: readonly string[];
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, unknown>>;
}

const compose = parse(readFileSync(join(FOLDER, "compose.yaml"), "utf8"), {
  merge: true,
}) as Compose;

function service(name: string): Service {
  return compose.services[name] ?? assert.fail(`there is no service ${name}`);
}

describe("deploy/fleet/compose.yaml", () => {
  it("names no service, volume, secret or file that is not there", () => {
    const { services, volumes, secrets } = compose;
    const all = Object.values(services);
    for (const other of all.flatMap((one) => Object.keys(one.depends_on ?? {}))) service(other);
    for (const volume of all.flatMap((one) => one.volumes ?? []))
      assert.ok((volume.split(":")[0] ?? "") in volumes, volume);
    for (const secret of all.flatMap((one) => one.secrets ?? []))
      assert.ok(secret in secrets, secret);
    for (const { dockerfile } of all.flatMap((one) => one.build ?? []))
      readFileSync(join(ROOT, dockerfile));
  });

  const skip = noPostgres() ?? false;
  it("starts a fleet whose services find each other", { skip }, async (t) => {
    const place = mkdtempSync(join(tmpdir(), "galgo-compose-"));
    const running: ChildProcess[] = [];
    const database = await TestPostgres.start();
    t.after(async () => {
      for (const child of running.reverse()) await endOf(child);
      await database.stop();
      rmSync(place, { recursive: true, force: true });
    });
    const [bus, mqtt, https] = [await freePort(), await freePort(), await freePort()];
    for (const name of ["data", "bus"]) mkdirSync(join(place, name), { mode: 0o700 });
    const here = (text: string): string =>
      text
        .replaceAll(/\$\{GALGO_FLEET_NAME[^}]*\}/g, "localhost")
        .replaceAll(/(?<![\w.])\/(data|bus)\b/g, `${place}/$1`)
        .replace("0.0.0.0:4222", `127.0.0.1:${bus}`)
        .replace("0.0.0.0:8883", `127.0.0.1:${mqtt}`)
        .replace("0.0.0.0:8443", `127.0.0.1:${https}`)
        .replace(/tls:\/\/[^:]+:4222/, `tls://localhost:${bus}`);
    const commandOf = (name: string): string[] => (service(name).command ?? []).map(here);
    const galgo = (words: readonly string[]): string[] => {
      assert.equal(words[0], "galgo");
      return [process.execPath, GALGO, ...words.slice(1)];
    };

    const [node = "", ...setup] = galgo(commandOf("setup"));
    const made = spawnSync(node, setup, { encoding: "utf8" });
    assert.equal(made.status, 0, made.stderr);

    running.push(spawn("nats-server", commandOf("bus"), { stdio: "ignore" }));

    const url = new URL(await database.database("galgo"));
    const role = spawnSync("psql", [url.href, "-c", "create role galgo superuser login"]);
    assert.equal(role.status, 0, String(role.stderr));
    writeFileSync(join(place, "password"), "a.password", { mode: 0o600 });
    const [wrapper = ""] = service("fleet").entrypoint ?? [];
    const program = join(FOLDER, wrapper.split("/").at(-1) ?? "");
    const env = {
      ...process.env,
      TMPDIR: place,
      GALGO_DB_PASSWORD_FILE: join(place, "password"),
      GALGO_DB_HOST: url.host,
    };
    const served = spawn(program, galgo(commandOf("fleet")), { env, stdio: "pipe" });
    running.push(served);
    let words = "";
    for (const stream of [served.stdout, served.stderr])
      stream.on("data", (data) => (words += String(data)));
    const ca = readFileSync(join(place, "bus/ca.pem"), "utf8");
    assert.equal(await healthy(https, ca, () => served.exitCode === null), 200, words);
    // the password is in no command line
    const line = readFileSync(`/proc/${served.pid}/cmdline`, "utf8");
    assert.match(line, /--db-file=/);
    assert.doesNotMatch(line, /postgres:/);
  });
});

/** Status of /healthz once it is answered. */
async function healthy(port: number, ca: string, runs: () => boolean): Promise<number> {
  for (let waited = 0; waited < READY_MS && runs(); waited += 100) {
    const status = await new Promise<number>((settle) => {
      const asked = request(
        { host: "127.0.0.1", servername: "localhost", port, path: "/healthz", ca },
        (answer) => {
          answer.resume();
          settle(answer.statusCode ?? 0);
        },
      );
      asked.on("error", () => settle(0));
      asked.end();
    });
    if (status !== 0) return status;
    await delay(100);
  }
  return 0;
}

async function endOf(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const killed = setTimeout(() => child.kill("SIGKILL"), ENDED_MS);
  child.kill("SIGTERM");
  await once(child, "close");
  clearTimeout(killed);
}

describe("the units of a fleet's server and its bus", () => {
  const analyze = spawnSync("systemd-analyze", ["--version"]).status === 0;
  const skip = analyze ? false : "there is no systemd-analyze";
  const place = mkdtempSync(join(tmpdir(), "galgo-units-"));
  after(() => rmSync(place, { recursive: true, force: true }));

  for (const name of ["galgo-fleet", "galgo-fleet-bus"]) {
    it(`are ones that systemd understands, with little exposed: ${name}`, { skip }, () => {
      const text = readFileSync(join(ROOT, `deploy/systemd/${name}.service`), "utf8");
      const file = join(place, `${name}.service`);
      writeFileSync(file, text.replace("/usr/bin/galgo", join(ROOT, "galgo")));
      const verified = spawnSync("systemd-analyze", ["verify", file], { encoding: "utf8" });
      assert.equal(verified.status, 0, verified.stderr);
      assert.equal(verified.stderr, "");
      const security = ["security", "--offline=true", "--threshold=15", file];
      assert.equal(spawnSync("systemd-analyze", security).status, 0);
    });
  }
});
