// SPDX-License-Identifier: Apache-2.0
// Containers of Podman, made from an image, under a daemon with the hook in place: learned, enforced, chosen by the image's digest,
// refused with the reason in Podman's own error.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { openEatJwt } from "../../src/attest/evidence/index.ts";
import { DaemonClient } from "../../src/daemon/client/index.ts";
import { containerProfile, hookFile, nativeProgram } from "../../src/daemon/containers/index.ts";
import type { Daemon } from "../../src/daemon/index.ts";
import { loadModel } from "../../src/orchestrator/index.ts";
import { nodeTokenKeys } from "../../src/quote/token-signer.ts";
import { buildLaunchers } from "../helpers/built.ts";
import {
  nextResult,
  type Outcome,
  outcomeOf,
  startContainerDaemon,
} from "../helpers/container-runs.ts";
import { makeRoot, noContainers } from "../helpers/containers.ts";
import { aSigner, signedModelText } from "../helpers/signing.ts";
import { until } from "../helpers/workloads.ts";

const absent = noContainers("podman") ?? noContainers("runc");
const folder = mkdtempSync(join(tmpdir(), "galgo-podman-"));
const configFile = join(folder, "daemon.toml");
const profile = join(folder, "profile.json");
const IMAGE = "localhost/galgo-box:1";
/** Reads what it is told to read. */
const READER = ["sh", "-c", 'id -u; for f; do cat "$f" || failed=1; done; exit $failed', "sh"];
let daemon: Daemon;
let told: string[] = [];
let hookBuilt = false;

// what works on machines without systemd, and with hybrid cgroups
const engine = [
  ...["--root", join(folder, "storage"), "--runroot", join(folder, "runroot")],
  ...["--storage-driver", "vfs", "--runtime", "runc", "--cgroup-manager", "cgroupfs"],
  ...["--events-backend", "file", "--hooks-dir", join(folder, "hooks")],
];

function podman(...args: readonly string[]): Promise<Outcome> {
  return outcomeOf(spawn("podman", [...engine, ...args], { stdio: ["ignore", "pipe", "pipe"] }));
}

function run(files: readonly string[], annotations: Readonly<Record<string, string>>) {
  return runs([...READER, ...files], annotations);
}

function runs(command: readonly string[], annotations: Readonly<Record<string, string>>) {
  const given = Object.entries(annotations).flatMap(([key, value]) => [
    "--annotation",
    `${key}=${value}`,
  ]);
  return podman(
    ...["run", "--rm", "--network", "none", "--ulimit", "nofile=10000:10000"],
    ...["--ulimit", "nproc=4096:4096", "--security-opt", `seccomp=${profile}`],
    ...[...given, IMAGE, ...command],
  );
}

before(async () => {
  if (absent !== undefined) return;
  hookBuilt = buildLaunchers();
  const hooks = join(folder, "hooks");
  mkdirSync(hooks);
  daemon = await startContainerDaemon(folder, (line) => told.push(line));
  const { seccomp, hook: socket } = daemon.sockets;
  const machine = process.arch === "arm64" ? "arm64" : "x64";
  writeFileSync(profile, JSON.stringify(containerProfile({ machine, listenerPath: seccomp })));
  const program = nativeProgram("oci-hook");
  if (program !== undefined) {
    const file = hookFile({ program, socket, always: false });
    writeFileSync(join(hooks, "galgo.json"), JSON.stringify(file));
  }
  const tar = join(folder, "root.tar");
  spawnSync("tar", ["-C", makeRoot(join(folder, "root")), "-cf", tar, "."]);
  const { status, stderr } = await podman("import", tar, IMAGE);
  assert.equal(status, 0, stderr);
});

after(async () => {
  await daemon?.stop("the test is over");
  if (absent === undefined) await podman("rm", "--all", "--force");
  rmSync(folder, { recursive: true, force: true });
});

describe("containers of Podman", { skip: absent ?? false, timeout: 60_000 }, () => {
  it("are learned, then enforced", async () => {
    const learn = { "dev.galgo.mode": "learn", "dev.galgo.model": "pod" };
    const first = await run(["/data/in"], learn);
    assert.equal(first.stdout, "0\nhello\n", `${first.stderr} ${told.join("; ")}`);
    await until("it is learned", () => told.some((line) => line.includes("learned into")));
    assert.match(told.join("\n"), /learned into .*pod\.galgo\.json/);
    const enforce = { "dev.galgo.mode": "enforce", "dev.galgo.model": "pod" };
    const good = nextResult(daemon);
    assert.equal((await run(["/data/in"], enforce)).stdout, "0\nhello\n");
    const { outcome, record } = await good;
    assert.equal(outcome.counts.violations, 0);
    assert.equal(record.container?.image, IMAGE);
    const bad = nextResult(daemon);
    const refused = await run(["/data/in", "/etc/shadow"], enforce);
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /\/etc\/shadow.*Operation not permitted/);
    const { directory } = await bad;
    const forensics = readFileSync(directory.forensics, "utf8");
    assert.match(forensics, /"pathname": ?"\/etc\/shadow"/);
    assert.match(forensics, /"container":\{"id":"[0-9a-f]{64}","image":"localhost\/galgo-box:1"\}/);
  });

  it("have the model of their image when nothing else is said", async () => {
    const { stdout } = await podman("image", "inspect", "--format", "{{.Digest}}", IMAGE);
    const digest = stdout.trim();
    assert.match(digest, /^sha256:[0-9a-f]{64}$/);
    const models = join(folder, "models");
    writeFileSync(
      configFile,
      `[daemon]\nmodels = "${models}"\n[images]\n"${digest}" = "pod.galgo.json"\n`,
    );
    await daemon.reload();
    const ended = nextResult(daemon);
    const { status } = await run(["/data/in"], {});
    assert.equal(status, 0);
    const { record } = await ended;
    assert.equal(record.mode, "enforce");
    assert.equal(record.container?.imageDigest, digest);
  });

  it("need a model that was signed for their image where the daemon demands it", async (t) => {
    const { stdout } = await podman("image", "inspect", "--format", "{{.Digest}}", IMAGE);
    const [models, owner] = [join(folder, "models"), aSigner()];
    const policy = {
      ...{ apiVersion: "galgo.dev/v1", kind: "TrustPolicy" },
      keys: [{ name: "owner", publicKey: owner.publicPem }],
      rules: [{ models: ["*"], keys: ["owner"], subject: "required" }],
    };
    writeFileSync(join(folder, "trust.json"), JSON.stringify(policy));
    const demanding = `[models]\nrequire-signature = true\npolicy = "${folder}/trust.json"\n`;
    writeFileSync(configFile, `[daemon]\nmodels = "${models}"\n${demanding}`);
    await daemon.reload();
    t.after(async () => {
      writeFileSync(configFile, `[daemon]\nmodels = "${models}"\n`);
      await daemon.reload();
    });
    const enforce = { "dev.galgo.mode": "enforce", "dev.galgo.model": "pod" };
    const model = loadModel(join(models, "pod.galgo.json"));
    const sign = (hex: string): void =>
      writeFileSync(join(models, "pod.galgo.dsse.json"), signedModelText(model, owner, hex));
    const why = ({ stderr }: Outcome): string => `${stderr} ${told.join("; ")}`;
    const plain = await run(["/data/in"], enforce);
    assert.notEqual(plain.status, 0);
    assert.equal(plain.stdout, "");
    assert.match(why(plain), /UNSIGNED/);
    sign("ab".repeat(32));
    assert.match(why(await run(["/data/in"], enforce)), /WRONG_SUBJECT/);
    sign(stdout.trim().slice("sha256:".length));
    const ended = nextResult(daemon);
    const good = await run(["/data/in"], enforce);
    assert.equal(good.stdout, "0\nhello\n", why(good));
    const { record } = await ended;
    assert.deepEqual(record.modelSignedBy, [{ name: "owner", key: owner.key.id }]);
  });

  it("say in their evidence which image they are of, and with whose model they run", async (t) => {
    const { stdout } = await podman("image", "inspect", "--format", "{{.Digest}}", IMAGE);
    const [models, key, owner] = [join(folder, "models"), join(folder, "key.pem"), aSigner()];
    const image = stdout.trim();
    const model = loadModel(join(models, "pod.galgo.json"));
    const signed = signedModelText(model, owner, image.slice("sha256:".length));
    writeFileSync(join(models, "pod.galgo.dsse.json"), signed);
    writeFileSync(join(folder, "owner.pem"), owner.publicPem);
    writeFileSync(key, owner.privatePem, { mode: 0o600 });
    const section = `[models]\nrequire-signature = true\nkey = ["${folder}/owner.pem"]\n[attest]\nkey = "${key}"\nplatform = "none"\n`;
    writeFileSync(configFile, `[daemon]\nmodels = "${models}"\n${section}`);
    await daemon.reload();
    t.after(async () => {
      writeFileSync(configFile, `[daemon]\nmodels = "${models}"\n`);
      await daemon.reload();
    });
    const ended = nextResult(daemon);
    const running = runs(["busybox", "sleep", "1000"], {
      "dev.galgo.mode": "detect",
      "dev.galgo.model": "pod",
    });
    await until("it runs", () => daemon.registry.list()[0]?.status().status === "running");
    const [workload] = daemon.registry.list();
    const client = new DaemonClient(daemon.sockets.api);
    const order = { nonce: "00112233445566ff", form: "jwt" } as const;
    const { evidence: token } = await client.evidence(workload?.id ?? "", order);
    const { evidence } = await openEatJwt(token, nodeTokenKeys([owner.key]));
    assert.equal(evidence.workload.image, image);
    assert.deepEqual(evidence.model?.signedBy, [owner.key.id]);
    assert.equal(evidence.mode, "detect");
    workload?.kill("seen");
    await Promise.all([running, ended]);
  });

  it("do not start without their model, and Podman says why", async (t) => {
    told = [];
    const absentModel = { "dev.galgo.mode": "enforce", "dev.galgo.model": "absent" };
    const { status, stdout, stderr } = await run(["/data/in"], absentModel);
    assert.notEqual(status, 0);
    assert.equal(stdout, "");
    if (!hookBuilt) t.skip("no C compiler: the hook was not built");
    else assert.match(stderr, /galgo: can not read the model .*absent\.galgo\.json/);
  });

  it("do not start without a daemon", async () => {
    await daemon.stop("another one is not started");
    const enforce = { "dev.galgo.mode": "enforce", "dev.galgo.model": "pod" };
    const { status, stdout, stderr } = await run(["/data/in"], enforce);
    assert.notEqual(status, 0);
    assert.equal(stdout, "");
    assert.match(stderr, hookBuilt ? /no daemon answers/ : /seccomp\.sock/);
    const watched = await run(["/data/in"], { "dev.galgo.mode": "detect" });
    assert.notEqual(watched.status, 0);
    assert.match(watched.stderr, /seccomp\.sock/);
  });
});
