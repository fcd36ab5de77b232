// SPDX-License-Identifier: Apache-2.0
// The Ansible role on a host of its own: a view of this machine's files that is thrown away, with processes that end with it. It installs the
// package as it would be published, starts the daemon, and joins a real fleet.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, it } from "node:test";
import { parse } from "yaml";
import { FleetServer } from "../helpers/fleet-server.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const HOST = join(import.meta.dirname, "overlay-host.sh");
const FOLDER = join(ROOT, "deploy/ansible");
const SKIP = reasonToSkip();

function reasonToSkip(): string | false {
  if (process.getuid?.() !== 0) return "needs root, for mounts";
  if (spawnSync("ansible-playbook", ["--version"]).status !== 0) return "needs ansible-playbook";
  const mounts = spawnSync("unshare", ["--mount", "--pid", "--fork", "true"]);
  return mounts.status === 0 ? false : "no namespaces of mounts and processes can be made here";
}

/** A playbook's last line: how many steps were fine, changed something, failed. */
function recap(text: string): Record<string, number> {
  const line = /^here\s+:(.*)$/m.exec(text)?.[1] ?? assert.fail(text);
  return Object.fromEntries(
    [...line.matchAll(/(\w+)=(\d+)/g)].map(([, name = "", count]) => [name, Number(count)]),
  );
}

describe("the Ansible role", { skip: SKIP }, () => {
  const place = mkdtempSync(join(tmpdir(), "galgo-ansible-"));
  const said = (name: string): string => readFileSync(join(place, `${name}.txt`), "utf8");
  let fleet: FleetServer;

  before(async () => {
    fleet = await FleetServer.start();
    const { token } = await fleet.enrolToken({ uses: 1, labels: { site: "test" } });
    const pack = ["pack", "--ignore-scripts", "--json", "--pack-destination", place];
    const packed = spawnSync("npm", pack, { cwd: ROOT, encoding: "utf8" });
    assert.equal(packed.status, 0, packed.stderr);
    const name = /"filename": "([^"]+)"/.exec(packed.stdout)?.[1]?.split("/").at(-1) ?? "";
    const vars = {
      galgo_service: "none",
      galgo_package: join(place, name),
      galgo_state_dir: "/var/lib/galgo-of-test",
      galgo_run_dir: "/run/galgo-of-test",
      galgo_fleet_url: fleet.url,
      galgo_fleet_token: token,
      galgo_fleet_labels: { role: "web", env: "a test's" },
      galgo_daemon_config: "[daemon]\nstop-seconds = 3\n",
      ansible_connection: "local",
      ansible_python_interpreter: "/usr/bin/python3",
    };
    writeFileSync(
      join(place, "inventory.json"),
      JSON.stringify({ all: { children: { galgo_agents: { hosts: { here: {} }, vars } } } }),
    );
    writeFileSync(join(place, "steps.sh"), steps());
    const host = spawn("sh", [HOST, place, join(place, "steps.sh")], { stdio: "pipe" });
    let words = "";
    for (const stream of [host.stdout, host.stderr]) stream.on("data", (data) => (words += data));
    const [status] = (await once(host, "close")) as [number | null];
    assert.equal(status, 0, words);
  });

  after(async () => {
    await fleet?.close();
    rmSync(place, { recursive: true, force: true });
  });

  /** Each run of the playbook leaves what it said, and its status in its last line. */
  function steps(): string {
    const play = (name: string, more = ""): string =>
      `ansible-playbook -i ${place}/inventory.json agents.yml ${more} >${place}/${name}.txt 2>&1; echo "status $?" >>${place}/${name}.txt`;
    const galgo = "GALGO_STATE_DIR=/var/lib/galgo-of-test GALGO_RUN_DIR=/run/galgo-of-test galgo";
    return [
      `cd ${FOLDER}`,
      `export HOME=/root ANSIBLE_LOCAL_TEMP=/tmp/of-ansible ANSIBLE_LOCALHOST_WARNING=false ANSIBLE_NOCOLOR=1 ANSIBLE_PIPELINING=1 PATH=/usr/local/bin:${process.env["PATH"] ?? ""}`,
      play("check", "--check"),
      `ls /usr/local/bin/galgo /etc/galgo >${place}/untouched.txt 2>&1`,
      play("first"),
      `${galgo} fleet status --json >${place}/status.txt`,
      play("again"),
      play(
        "other",
        "--start-at-task='Ask where the host has joined' --extra-vars galgo_fleet_url=https://127.0.0.1:9",
      ),
      play("remove", "--extra-vars galgo_state=absent"),
      `ls /usr/local/bin/galgo /etc/galgo/daemon.toml /run/galgo-of-test/api.sock >${place}/gone.txt 2>&1`,
      `ls -A /var/lib/galgo-of-test >${place}/kept.txt`,
      "exit 0",
    ].join("\n");
  }

  it("says with --check what it would do, and does nothing", () => {
    assert.match(said("check"), /would install .*galgo-\d+\.\d+\.\d+\.tgz/);
    assert.equal(recap(said("check"))["failed"], 0, said("check"));
    assert.equal(said("untouched").match(/No such file or directory/g)?.length, 2);
  });

  it("installs the package, starts the daemon and joins, without showing the token", async () => {
    assert.equal(recap(said("first"))["failed"], 0, said("first"));
    const status = JSON.parse(said("status")) as Record<string, unknown>;
    assert.equal(status["connected"], true);
    const rows = await fleet.context.store.db.selectFrom("hosts").selectAll().execute();
    assert.equal(rows.length, 1);
    const labels = { env: "a test's", role: "web", site: "test" };
    assert.deepEqual(JSON.parse(rows[0]?.labels ?? ""), labels);
    for (const name of ["check", "first", "again"]) assert.doesNotMatch(said(name), /galgo1\./);
  });

  it("changes nothing when it is run again", () => {
    const { changed, failed } = recap(said("again"));
    assert.deepEqual({ changed, failed }, { changed: 0, failed: 0 }, said("again"));
  });

  it("refuses a host of another fleet, by its name", () => {
    assert.match(said("other"), /here has joined https:[^ ]+: run `galgo fleet leave` there first/);
    assert.equal(recap(said("other"))["failed"], 1);
  });

  it("leaves the fleet and removes what it has brought, but not the records", () => {
    assert.equal(recap(said("remove"))["failed"], 0, said("remove"));
    assert.equal(said("gone").match(/No such file or directory/g)?.length, 3);
    assert.notEqual(said("kept").trim(), "");
  });
});

describe("the example of an inventory", () => {
  it("names the groups that the playbook is for, and keeps its secret elsewhere", () => {
    const play = parse(readFileSync(join(FOLDER, "agents.yml"), "utf8")) as { hosts: string }[];
    const text = readFileSync(join(FOLDER, "inventory.example.yml"), "utf8");
    const inventory = parse(text) as { all: { children: Record<string, object> } };
    assert.ok(Object.keys(inventory.all.children).includes(play[0]?.hosts ?? ""));
    assert.match(text, /galgo_fleet_token: "\{\{ vault_\w+ \}\}"/);
  });
});
