// SPDX-License-Identifier: Apache-2.0
// Evidence that was asked for: kept as it came, appraised by whichever server looks first. What speaks against it is kept with it.
import { bytesOfBase64Url } from "../../attest/encoding/strict-base64.ts";
import {
  readVerifierPolicy,
  type VerifyCrypto,
  verifyEvidence,
} from "../../attest/verify/index.ts";
import { CodedError } from "../../base/errors.ts";
import { nodeVerifyCrypto } from "../../quote/verify-crypto.ts";
import type { EvidenceItem } from "../../wire/link/index.ts";
import { newId } from "../auth/secrets.ts";
import type { CommandTables } from "../commands/tables.ts";
import { fleetHasher } from "../models/hasher.ts";
import type { ModelTables } from "../models/tables.ts";
import type { ModelTrust } from "../models/trust.ts";
import { dbText, type FleetStore } from "../store/index.ts";
import { policyText, type PolicyText } from "./policy.ts";
import type { AttestationDb, AttestationRecord, AttestationTables } from "./tables.ts";

const CRYPTO: VerifyCrypto = nodeVerifyCrypto(fleetHasher);
/** At a time. */
const APPRAISED = 20;

/** Evidence and whose it is. */
export interface HostEvidence {
  readonly host: string;
  readonly item: EvidenceItem;
}

interface Found {
  readonly accepted: boolean;
  readonly reasons: readonly { readonly reason: string; readonly why: string }[];
  readonly gaps: readonly string[];
}

/** Keeps what answers a command; each workload answers each command once. Anything else is no answer to anything. */
export async function applyEvidence(
  tx: AttestationDb,
  all: readonly HostEvidence[],
  now: number,
): Promise<void> {
  for (const { host, item } of all) {
    const { command, run, form, token, key } = item;
    const asked = await tx
      .selectFrom("commands")
      .innerJoin("command_hosts", "command_hosts.command", "commands.id")
      .select("commands.args")
      .where("commands.id", "=", command)
      .where("commands.kind", "=", "attest")
      .where("command_hosts.host", "=", host)
      .executeTakeFirst();
    if (asked === undefined) continue;
    const { nonce = "" } = JSON.parse(asked.args) as { readonly nonce?: string };
    await tx
      .insertInto("attestations")
      .values({
        ...{ id: newId(), command, host, run, nonce, form, at: now, accepted: null },
        ...{ token: dbText(token), key: dbText(key), reasons: "[]", gaps: "[]", policy: "" },
      })
      .onConflict((conflict) => conflict.columns(["command", "host", "run"]).doNothing())
      .execute();
  }
}

export class Attestations {
  readonly #store: FleetStore;
  readonly #trust: ModelTrust;
  readonly #now: () => number;

  constructor(store: FleetStore, trust: ModelTrust, now: () => number) {
    this.#store = store;
    this.#trust = trust;
    this.#now = now;
  }

  get db(): AttestationDb {
    return tables(this.#store.db);
  }

  /** Appraises what has come. */
  async work(): Promise<void> {
    const waiting = await this.db
      .selectFrom("attestations")
      .selectAll()
      .where("accepted", "is", null)
      .orderBy("at")
      .orderBy("id")
      .limit(APPRAISED)
      .execute();
    for (const record of waiting) await this.#appraise(record);
  }

  async #appraise(record: AttestationRecord): Promise<void> {
    const policy = await this.#policyFor(record);
    const found = await appraised(record, policy);
    await this.db
      .updateTable("attestations")
      .set({
        accepted: found.accepted ? 1 : 0,
        reasons: dbText(JSON.stringify(found.reasons)),
        gaps: dbText(JSON.stringify(found.gaps)),
        policy: JSON.stringify(policy),
      })
      .where("id", "=", record.id)
      // another server may have been faster
      .where("accepted", "is", null)
      .execute();
  }

  async #policyFor({ host, run, key }: AttestationRecord): Promise<PolicyText> {
    const hostKey = await this.#hostKey(host, key);
    const model = await this.db
      .selectFrom("workloads")
      .innerJoin("models", "models.digest", "workloads.model")
      .select(["models.digest", "models.text"])
      .where("workloads.host", "=", host)
      .where("workloads.run", "=", run)
      .executeTakeFirst();
    return policyText({ hostKey, modelKeys: await this.#trust.keys(), model });
  }

  /** The key of the host: the one that it has sent first, whatever it sends now. */
  async #hostKey(host: string, sent: string): Promise<string> {
    await this.db
      .insertInto("host_keys")
      .values({ host, public_key: sent, at: this.#now() })
      .onConflict((conflict) => conflict.column("host").doNothing())
      .execute();
    const row = await this.db
      .selectFrom("host_keys")
      .select("public_key")
      .where("host", "=", host)
      .executeTakeFirstOrThrow();
    return row.public_key;
  }
}

function tables(db: FleetStore["db"]): AttestationDb {
  return db.withTables<CommandTables>().withTables<ModelTables>().withTables<AttestationTables>();
}

/** A key or a token that can not be read is a reason too. */
async function appraised(
  { token, form, nonce, at, run }: AttestationRecord,
  { name, text, files }: PolicyText,
): Promise<Found> {
  try {
    const policy = readVerifierPolicy(text, {
      name,
      crypto: CRYPTO,
      file: (wanted) => files[wanted] ?? "",
    });
    const bytes = form === "cwt" ? bytesOfBase64Url(token) : token;
    const workload = { id: run };
    const given = { token: bytes, policy, nonce, now: at, workload };
    const result = await verifyEvidence(given, CRYPTO);
    const { accepted, refusals, gaps } = result;
    return { accepted, reasons: refusals.map(({ reason, why }) => ({ reason, why })), gaps };
  } catch (error) {
    // evidence that no server can appraise must not keep others waiting
    const reason = error instanceof CodedError ? error.code : "INTERNAL";
    const why = error instanceof CodedError ? error.message : "the server failed at this evidence";
    return { accepted: false, reasons: [{ reason, why }], gaps: [] };
  }
}
