// SPDX-License-Identifier: Apache-2.0
// Whose signatures of models count: the fleet's own key, which signs approved versions, and those that admins have added.
import { policyOfKeys, type TrustPolicy } from "../../attest/policy/trust-policy.ts";
import { publicKeyOfPem, type Signer } from "../../attest/keys/keys.ts";
import { envelopeAlg } from "../../attest/signed/envelope-signatures.ts";
import { quote } from "../../base/quote.ts";
import { publicPem } from "../../quote/key-files.ts";
import { nodeVerifier } from "../../quote/node-verifier.ts";
import type { ModelKeyRow } from "../../wire/api/index.ts";
import { FleetError } from "../errors.ts";
import type { FleetStore } from "../store/index.ts";
import { MAX_MODEL_KEYS } from "./limits.ts";
import type { ModelDb, ModelTables } from "./tables.ts";

/** Name of the fleet's own key. */
export const OWN_KEY = "fleet";

export class ModelTrust {
  readonly #db: ModelDb;
  readonly #signer: Signer;
  readonly #now: () => number;

  constructor({ db }: Pick<FleetStore, "db">, signer: Signer, now: () => number) {
    this.#db = db.withTables<ModelTables>();
    this.#signer = signer;
    this.#now = now;
  }

  /** The keys that count now; the fleet's own first. */
  async keys(): Promise<readonly ModelKeyRow[]> {
    const own: ModelKeyRow = {
      id: this.#signer.key.id,
      name: OWN_KEY,
      publicKey: publicPem(this.#signer.key),
      own: true,
      added: 0,
      by: "",
    };
    const added = await this.#db
      .selectFrom("model_keys")
      .selectAll()
      .orderBy("name")
      .orderBy("id")
      .limit(MAX_MODEL_KEYS)
      .execute();
    return [
      own,
      ...added.map(({ public_key, ...key }) => ({ ...key, publicKey: public_key, own: false })),
    ];
  }

  async policy(): Promise<TrustPolicy> {
    const keys = await this.keys();
    const read = keys.map(({ publicKey, name }) => publicKeyOfPem(publicKey, nodeVerifier, name));
    return policyOfKeys(read);
  }

  /** @throws FleetError CONFLICT: it is there, or there are too many; SignatureError BAD_KEY */
  async add(name: string, pem: string, by: string): Promise<ModelKeyRow> {
    const key = publicKeyOfPem(pem, nodeVerifier, quote(name));
    envelopeAlg(key, quote(name));
    const known = await this.keys();
    if (known.length > MAX_MODEL_KEYS) {
      throw new FleetError("CONFLICT", `${MAX_MODEL_KEYS} keys are trusted, and no more can be`);
    }
    const taken = known.find((one) => one.id === key.id || one.name === name);
    if (taken !== undefined) {
      throw new FleetError(
        "CONFLICT",
        `the key ${quote(taken.name)} (${taken.id}) is trusted already`,
      );
    }
    const row = { id: key.id, name, public_key: publicPem(key), added: this.#now(), by };
    await this.#db.insertInto("model_keys").values(row).execute();
    return { id: row.id, name, publicKey: row.public_key, own: false, added: row.added, by };
  }

  /** Models that were signed with it alone stay where they are; no other is taken. @throws FleetError NOT_FOUND */
  async remove(id: string): Promise<void> {
    const gone = await this.#db
      .deleteFrom("model_keys")
      .where("id", "=", id)
      .returning("id")
      .executeTakeFirst();
    if (gone !== undefined) return;
    throw new FleetError("NOT_FOUND", "there is no such key; the fleet's own can not be removed");
  }
}
