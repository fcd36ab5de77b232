// SPDX-License-Identifier: Apache-2.0
// What the daemon tells a service manager, heard at a socket as systemd's; and the unit that goes with it.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { Place } from "../cli/galgo.ts";

/** Prints each datagram as one line of JSON. */
const LISTENER = `
import json, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print(json.dumps("listening"), flush=True)
while True:
    print(json.dumps(s.recv(4096).decode()), flush=True)
`;
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const UNIT = `${ROOT}deploy/systemd/galgo.service`;
const CONTAINERS_ONLY = `${ROOT}deploy/systemd/galgo.service.d/containers-only.conf`;
const ANALYZE = spawnSync("systemd-analyze", ["--version"]).status === 0;
const NO_ANALYZE = ANALYZE ? false : "there is no systemd-analyze";

describe("the service manager", () => {
  it("is told of readiness, signs of life, reload and end", async (t) => {
    const place = new Place(t);
    const listener = spawn("python3", ["-c", LISTENER, place.path("notify")], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    t.after(() => listener.kill("SIGKILL"));
    const heard: string[] = [];
    const lines = createInterface(listener.stdout);
    lines.on("line", (line) => heard.push(JSON.parse(line) as string));
    await once(lines, "line");
    const hears = async (pattern: RegExp): Promise<void> => {
      while (!heard.some((text) => pattern.test(text))) await once(lines, "line");
    };
    const running = place.start(["daemon"], {
      GALGO_RUN_DIR: place.path("run"),
      NOTIFY_SOCKET: place.path("notify"),
      WATCHDOG_USEC: "100000",
    });
    await hears(/^READY=1\nSTATUS=0 workloads$/);
    await hears(/^WATCHDOG=1$/);
    running.process.kill("SIGHUP");
    await hears(/^RELOADING=1\nMONOTONIC_USEC=\d+$/);
    const reloaded = heard.findIndex((text) => text.startsWith("RELOADING"));
    while (!heard.slice(reloaded).some((text) => text.startsWith("READY=1")))
      await once(lines, "line");
    running.process.kill("SIGTERM");
    await hears(/^STOPPING=1\nEXTEND_TIMEOUT_USEC=30000000$/);
    const { status, stderr } = await running.ended;
    assert.equal(status, 0, stderr);
    assert.doesNotMatch(stderr, /can not be told/);
  });

  it("that is gone is no reason to fail", async (t) => {
    const place = new Place(t);
    const running = place.start(["daemon"], {
      GALGO_RUN_DIR: place.path("run"),
      NOTIFY_SOCKET: place.path("nobody"),
    });
    await running.says(/ready: /);
    running.process.kill("SIGTERM");
    const { status, stderr } = await running.ended;
    assert.equal(status, 0, stderr);
    assert.equal(stderr.match(/the service manager can not be told/g)?.length, 1, stderr);
  });
});

describe("the unit of systemd", { skip: NO_ANALYZE }, () => {
  const unit = readFileSync(UNIT, "utf8").replaceAll("/usr/bin/galgo", `${ROOT}galgo`);
  // as systemd puts a drop-in behind its unit
  const withoutInstall = unit.replace(/\[Install\][\s\S]*/, "");
  const cases: [string, string, number][] = [
    ["as it is", unit, 82],
    ["for containers only", `${withoutInstall}\n${readFileSync(CONTAINERS_ONLY, "utf8")}`, 47],
  ];
  for (const [what, text, threshold] of cases) {
    it(`is one that systemd understands, and exposes no more than is known: ${what}`, (t) => {
      const place = new Place(t);
      mkdirSync(place.path("units"));
      const file = place.write("units/galgo.service", text);
      const verified = spawnSync("systemd-analyze", ["verify", file], { encoding: "utf8" });
      assert.equal(verified.status, 0, verified.stderr);
      assert.equal(verified.stderr, "");
      const args = ["security", "--offline=true", `--threshold=${threshold}`, file];
      const security = spawnSync("systemd-analyze", args, { encoding: "utf8" });
      assert.equal(security.status, 0, security.stdout);
    });
  }
});
