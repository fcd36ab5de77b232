// SPDX-License-Identifier: Apache-2.0
// python3 -m http.server, fetched over loopback.
// What varied between runs: nothing that the rules of portable do not take care of.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fetchFrom, freePort, untilAnswering } from "./servers.ts";
import { lacks, program, type Running, USERS, Workplace } from "./workplace.ts";

const PAGE = "<h1>Hello</h1>\n";
const PYTHON = program("python3") ?? "python3";

const visit = (port: number) => async (running: Running) => {
  await untilAnswering(running, port);
  assert.deepEqual(await fetchFrom(port, "/"), { status: 200, body: PAGE });
  assert.equal((await fetchFrom(port, "/missing")).status, 404);
  running.process.kill("SIGTERM");
};

for (const user of USERS) {
  describe(`python3 -m http.server, as ${user.name}`, () => {
    it("serves the same again, and not a file that nobody asked for before", async (t) => {
      if (lacks(t, "python3")) return;
      const place = new Workplace(t, user);
      const port = await freePort();
      const command = [PYTHON, "-m", "http.server", `${port}`, "--bind", "127.0.0.1"];
      place.world(() => {
        place.write("index.html", PAGE);
        place.write("private.txt", "do not tell\n");
      });
      const SIGTERM = 128 + 15;
      await place.learn(command, { meanwhile: visit(port), status: SIGTERM });
      await place.repeat(command, { meanwhile: visit(port), status: SIGTERM });

      await place.refused(command, /^1: \S*python3\S* opens .*\/private\.txt for reading/, {
        meanwhile: async (running) => {
          await untilAnswering(running, port);
          const answer = await fetchFrom(port, "/private.txt");
          assert.equal(answer.status, 404);
          assert.doesNotMatch(answer.body, /tell/);
          running.process.kill("SIGTERM");
        },
      });
    });
  });
}
