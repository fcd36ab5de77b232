// SPDX-License-Identifier: Apache-2.0
// A node HTTP server with a client outside: examples/server, which has two holes on purpose.
// What varied between runs: the names /proc/<pid>/... that V8 reads (rule proc-self), and whether the C library asks for the number of
// processors when threads of the pool meet in malloc (rule cpu-count). And, no rule: V8 mostly maps its own program once more, but not when
// the addresses it was given by chance lie near enough (2 of 150 starts). So it is learned twice.
import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { resolve } from "node:path";
import { describe, it } from "node:test";
import { fetchFrom, freePort, untilAnswering } from "./servers.ts";
import { type Running, USER, Workplace } from "./workplace.ts";

const SERVER = resolve(import.meta.dirname, "../../examples/server");

/** Requests as a test of the server would make them, then an orderly end. */
const visit = (port: number) => async (running: Running) => {
  await untilAnswering(running, port);
  assert.deepEqual(await fetchFrom(port, "/index.html"), { status: 200, body: "<h1>Hello</h1>\n" });
  assert.equal((await fetchFrom(port, "/missing.html")).status, 404);
  running.process.kill("SIGTERM");
};

const attack = (port: number, path: string, answer: object) => async (running: Running) => {
  await untilAnswering(running, port);
  assert.equal((await fetchFrom(port, "/index.html")).status, 200);
  assert.deepEqual(await fetchFrom(port, path), answer);
  running.process.kill("SIGTERM");
};

describe("a node HTTP server", () => {
  const learned = async (place: Workplace): Promise<{ command: string[]; port: number }> => {
    const port = await freePort();
    const command = ["node", "server.mjs", String(port), "public"];
    place.world(() => cpSync(SERVER, place.work, { recursive: true }));
    place.write("secret.txt", "do not tell\n");
    const { stdout } = await place.learn(command, { meanwhile: visit(port) });
    assert.equal(stdout, "ready\n");
    await place.learnMore(command, { meanwhile: visit(port) });
    return { command, port };
  };

  it("serves the same clients again, and ends with its own status", async (t) => {
    const place = new Workplace(t);
    const { command, port } = await learned(place);
    for (let round = 0; round < 3; round++) await place.repeat(command, { meanwhile: visit(port) });
  });

  it("does not tell a file that it was never asked for", async (t) => {
    const place = new Workplace(t);
    const { command, port } = await learned(place);
    const refused = { status: 500, body: "EPERM\n" };
    await place.refused(command, /^1: \S*node opens .*\/secret\.txt for reading \[denied\]/, {
      meanwhile: attack(port, "/%2e%2e%2fsecret.txt", refused),
    });
    if (USER.name !== "root") return; // the kernel refuses the others by itself
    await place.refused(command, /^1: \S*node opens \/etc\/shadow for reading \[denied\]/, {
      meanwhile: attack(port, `/${"%2e%2e%2f".repeat(20)}etc/shadow`, refused),
    });
  });

  it("does not run a shell for a request", async (t) => {
    const place = new Workplace(t);
    const { command, port } = await learned(place);
    await place.refused(command, /^1: \S*node runs \S*sh \[denied\]/, {
      meanwhile: attack(port, "/debug?run=id", { status: 500, body: "EPERM\n" }),
    });
  });

  it("does not start when it was changed", async (t) => {
    const place = new Workplace(t);
    const { command } = await learned(place);
    place.write("server.mjs", `${place.read("server.mjs")}\nconsole.log("another server");\n`);
    const { stdout } = await place.refused(command, /^1: \S*node opens .*\/server\.mjs for read/);
    assert.equal(stdout, "");
  });
});
