// SPDX-License-Identifier: Apache-2.0
// Commands of drop-ins that galgo systemd-unit makes: a service that is ready, reloads and stops under them as under systemd.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { Place } from "../cli/galgo.ts";

const MANAGER = fileURLToPath(new URL("../helpers/service-manager.py", import.meta.url));

/** A service in Python: says that it is ready, and at each SIGHUP that it has read its configuration again. */
const SERVICE = `import os, signal, socket, sys
def say(text):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.sendto(text, os.environ["NOTIFY_SOCKET"])
    s.close()
wanted = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGHUP, signal.SIGTERM])
say(b"READY=1")
while True:
    if signal.sigwait([signal.SIGHUP, signal.SIGTERM]) == signal.SIGTERM:
        sys.exit(0)
    open(sys.argv[1]).close()
    say(b"RELOADED=1")
`;

/** Writes a unit and gives what galgo says about it. */
class Units {
  readonly place: Place;

  constructor(t: TestContext) {
    this.place = new Place(t);
    mkdirSync(this.place.path("units"));
  }

  write(name: string, text: string): string {
    return this.place.write(`units/${name}`, text);
  }

  async dropIn(unit: string, ...options: string[]): Promise<string> {
    const { status, stdout, stderr } = await this.place.galgo("systemd-unit", unit, ...options);
    assert.equal(status, 0, stderr);
    return stdout;
  }
}

/** The command of a drop-in, as systemd would split a line without quotes. */
function commandOf(dropIn: string): string[] {
  const line = /^ExecStart=(.+)$/m.exec(dropIn)?.[1] ?? "";
  return line.split(" ");
}

describe("galgo systemd-unit", () => {
  it("learns a service and runs it under its model: ready, reloads, stops", async (t) => {
    const units = new Units(t);
    const { place } = units;
    const program = place.write("service.py", SERVICE);
    const conf = place.write("service.conf", "x");
    const model = place.path("demo.galgo.json");
    const unit = units.write(
      "demo.service",
      `[Service]\nType=notify\nExecStart=/usr/bin/python3 -SI ${program} \\\n  ${conf}\n`,
    );
    const run = (dropIn: string): { words: string[]; status: unknown } => {
      const ran = spawnSync("python3", [MANAGER, place.path("notify"), ...commandOf(dropIn)], {
        env: { ...process.env, GALGO_STATE_DIR: place.state },
        encoding: "utf8",
        timeout: 60_000,
      });
      return JSON.parse(ran.stdout) as { words: string[]; status: unknown };
    };
    const learned = run(await units.dropIn(unit, "--learn", "-m", model));
    assert.deepEqual(learned, { words: ["READY=1", "RELOADED=1", "RELOADED=1"], status: 0 });

    const dropIn = await units.dropIn(unit, "-m", model);
    assert.match(
      dropIn,
      /^NotifyAccess=all\nKillMode=mixed\nDelegate=yes\nExecStart=\nExecStart=/m,
    );
    assert.deepEqual(run(dropIn), learned);

    // the service does something else now: it reads what it has no business with
    const other = units.write(
      "demo.service",
      `[Service]\nType=notify\nExecStart=/usr/bin/python3 -SI ${program} /etc/shadow\n`,
    );
    const { words, status } = run(await units.dropIn(other, "-m", model));
    assert.deepEqual([words, status], [["READY=1", "ENDED"], 121]);
    const forensics = readFileSync(`${place.state}/demo/latest/forensics.jsonl`, "utf8");
    assert.match(forensics, /"pathname": "\/etc\/shadow"/);
  });

  it("says in one line why a unit or a model can not be used, and prints nothing", async (t) => {
    const units = new Units(t);
    const forks = units.write("forks.service", "[Service]\nType=forking\nExecStart=/bin/true\n");
    const plain = units.write("plain.service", "[Service]\nExecStart=/bin/true\n");
    const cases = [
      [["no-such-unit-here", "--learn"], /there is no unit no-such-unit-here\.service in /],
      [[plain, "--learn", "-o", "/no/such/folder/x.conf"], /can not write \S+ \(ENOENT\)/],
      [[forks, "--learn"], /Type=forking: .*--foreground/],
      [[plain, "-m", units.place.path("none.json")], /none\.json/],
    ] as const;
    for (const [args, wanted] of cases) {
      const { status, stdout, stderr } = await units.place.galgo("systemd-unit", ...args);
      assert.deepEqual([status, stdout, stderr.trim().split("\n").length], [125, "", 1]);
      assert.match(stderr, wanted);
    }
  });
});
