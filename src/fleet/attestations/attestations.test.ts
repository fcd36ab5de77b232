// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import {
  attested,
  HOST,
  MODEL,
  NOW,
  RELEASE,
  SIGNED_MODEL,
  STRANGER,
  tokenOf,
} from "../../../test/helpers/attested.ts";
import { NO_PLATFORM } from "../../../test/helpers/evidence.ts";
import { aWorkload, enrol, hostNamed } from "../../../test/helpers/fleet-items.ts";
import { aSigner, type TestSigner } from "../../../test/helpers/signing.ts";
import { SHA256 } from "../../../test/helpers/test-hasher.ts";
import { openTestStore } from "../../../test/helpers/test-store.ts";
import type { Evidence } from "../../attest/evidence/index.ts";
import { readVerifierPolicy, verifyEvidence } from "../../attest/verify/index.ts";
import { modelDigest } from "../../model/index.ts";
import { nodeVerifyCrypto } from "../../quote/verify-crypto.ts";
import type { AttestationRow } from "../../wire/api/index.ts";
import { Commands } from "../commands/commands.ts";
import type { CommandTables } from "../commands/tables.ts";
import { fleetHasher } from "../models/hasher.ts";
import { Models } from "../models/models.ts";
import type { ModelTables } from "../models/tables.ts";
import { ModelTrust } from "../models/trust.ts";
import type { FleetStore } from "../store/index.ts";
import { applyEvidence, Attestations } from "./attestations.ts";
import { attestation, listAttestations } from "./rows.ts";
import type { AttestationTables } from "./tables.ts";

const host = hostNamed("h");
const other = hostNamed("o");
const fleetKey = aSigner("Ed25519");
const digest = modelDigest(MODEL, SHA256);
const now = (): number => NOW;
let folder: string;
let store: FleetStore;
let attestations: Attestations;

async function attest(to = host): Promise<{ readonly id: string; readonly nonce: string }> {
  const nothing = (): void => undefined;
  const commands = new Commands({ store, signer: fleetKey, now, down: nothing, all: nothing });
  const nonce = crypto.randomUUID().replaceAll("-", "").repeat(2);
  const id = await commands.issue({
    kind: "attest",
    args: { nonce },
    select: { all: true },
    seconds: 60,
    to: { hosts: [to], everybody: false },
    by: { name: "olga", role: "operator" },
  });
  return { id, nonce };
}

async function token(
  nonce: string,
  run: string,
  changes: Partial<Evidence> = {},
  signer: TestSigner = HOST,
) {
  const { aggregate, state } = MODEL.spec;
  const scene = attested();
  const workload = { name: "shop-web", id: run };
  const evidence = { ...scene.evidence, nonce, workload, aggregate, state, platform: NO_PLATFORM };
  return tokenOf({ ...scene, evidence: { ...evidence, ...changes }, signer });
}

/** @param asked the command that it answers, and the challenge that the host says it was given */
async function send(
  { id: command, nonce }: { readonly id: string; readonly nonce: string },
  run: string,
  text: string,
  signer = HOST,
): Promise<void> {
  const item = {
    ...({ kind: "evidence", at: NOW, command, run, nonce, form: "jwt", token: text } as const),
    key: signer.publicPem,
  };
  await store.transaction((given) => {
    const tx = given.withTables<CommandTables>().withTables<ModelTables>();
    return applyEvidence(tx.withTables<AttestationTables>(), [{ host, item }], NOW);
  });
  await Promise.all([attestations.work(), attestations.work()]);
}

async function rows(q: string): Promise<readonly AttestationRow[]> {
  return (await listAttestations(attestations.db, { q, offset: 0, limit: 10 })).rows;
}

async function reasons(q: string): Promise<readonly string[]> {
  const [row] = await rows(q);
  assert.equal(row?.accepted, false);
  return row.reasons.map(({ reason }) => reason);
}

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "galgo-attestations-"));
  store = await openTestStore(folder);
  await enrol(store, host, other);
  const trust = new ModelTrust(store, fleetKey, now);
  await trust.add("release", RELEASE.publicPem, "ada");
  await new Models({ store, trust, signer: fleetKey, now }).add(SIGNED_MODEL, "ada");
  attestations = new Attestations(store, trust, now);
  for (const run of ["run-1", "run-2"]) {
    const { at, sealed, labels, counts, origin, ...item } = aWorkload(run, { name: "shop-web" });
    const { name, mode, status, state, measurement, started } = item;
    const row = { host, run, name, mode, status, state, measurement, started, body: "{}" };
    const rest = { sealed: 1, gone: 0, violations: 0, updated: at, image: null, counts: "{}" };
    const model = run === "run-1" ? digest : "00".repeat(32);
    await store.db
      .insertInto("workloads")
      .values({ ...row, ...rest, model, told: "", counts_told: "" })
      .execute();
  }
});
after(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("evidence", () => {
  it("of a workload under a model of the fleet is accepted, and by others under the same terms", async () => {
    const { id, nonce } = await attest();
    await send({ id, nonce }, "run-1", await token(nonce, "run-1"));
    const [row] = await rows(id);
    assert.deepEqual(row?.reasons, []);
    assert.equal(row.accepted, true);
    assert.ok(row.gaps.length > 0, "no platform vouches for it");
    const { token: raw, policy } = await attestation(attestations.db, row.id);
    const crypto = nodeVerifyCrypto(fleetHasher);
    const read = readVerifierPolicy(policy?.text ?? "", {
      name: "it",
      crypto,
      file: (name) => policy?.files[name] ?? "",
    });
    assert.equal(
      (await verifyEvidence({ token: raw, policy: read, nonce, now: NOW }, crypto)).accepted,
      true,
    );
  });

  it("that answers another challenge, or is of another workload, is refused", async () => {
    const { id, nonce } = await attest();
    const old = "00".repeat(32);
    await send({ id, nonce: old }, "run-1", await token(old, "run-1"));
    assert.deepEqual(await reasons(id), ["WRONG_NONCE"]);
    const second = await attest();
    await send(second, "run-1", await token(second.nonce, "run-2"));
    assert.deepEqual(await reasons(second.id), ["WRONG_WORKLOAD"]);
    assert.notEqual(nonce, second.nonce);
  });

  it("that is signed by another key than the host's first one is refused", async () => {
    const { id, nonce } = await attest();
    await send({ id, nonce }, "run-1", await token(nonce, "run-1", {}, STRANGER), STRANGER);
    assert.match((await reasons(id)).join(" "), /^TOKEN_/);
  });

  it("of what the model does not allow, or of no model of the fleet, is refused", async () => {
    const { id, nonce } = await attest();
    await send({ id, nonce }, "run-1", await token(nonce, "run-1", { state: "12".repeat(32) }));
    assert.ok((await reasons(id)).includes("WRONG_STATE"));
    const second = await attest();
    await send(second, "run-2", await token(second.nonce, "run-2"));
    assert.ok((await reasons(second.id)).includes("WRONG_STATE"));
  });

  it("that is no token is refused and keeps nobody waiting", async () => {
    const { id, nonce } = await attest();
    await send({ id, nonce }, "run-1", "<script>\0");
    assert.match((await reasons(id)).join(" "), /^TOKEN_/);
  });

  it("that nobody has asked this host for is not kept, and an answer only once", async () => {
    const { id, nonce } = await attest(other);
    await send({ id, nonce }, "run-1", await token(nonce, "run-1"));
    await send({ id: "a".repeat(26), nonce }, "run-1", await token(nonce, "run-1"));
    assert.deepEqual([...(await rows(id)), ...(await rows("a".repeat(26)))], []);
    const own = await attest();
    await send(own, "run-1", await token(own.nonce, "run-1", { state: "12".repeat(32) }));
    await send(own, "run-1", await token(own.nonce, "run-1"));
    assert.deepEqual(
      (await rows(own.id)).map(({ accepted }) => accepted),
      [false],
    );
  });
});
