// SPDX-License-Identifier: Apache-2.0
// Signed models: taken when their signatures are good, given to hosts by digest, and extended by behaviours that somebody approves, as a
// new version that the fleet signs.
import { appraiseModel } from "../../attest/policy/appraise.ts";
import type { Signer } from "../../attest/keys/keys.ts";
import { writeEnvelope } from "../../attest/signed/dsse.ts";
import { signedBy } from "../../attest/signed/envelope-signatures.ts";
import { looksSigned, readSignedFile } from "../../attest/signed/sigstore-bundle.ts";
import {
  envelopeOfModel,
  modelSubject,
  type ModelStatement,
  statementOf,
} from "../../attest/signed/statement.ts";
import { isHex } from "../../base/hex.ts";
import { quote } from "../../base/quote.ts";
import { amended, DIGEST_SIZES, modelDigest, type WorkloadModel } from "../../model/index.ts";
import { nodeVerifier } from "../../quote/node-verifier.ts";
import type { ApproveOrder } from "../../wire/api/index.ts";
import { type ModelAnswer, MODEL_CHUNK_BYTES, readModelAsk } from "../../wire/link/index.ts";
import { FleetError } from "../errors.ts";
import { dbText, pieces, type FleetStore } from "../store/index.ts";
import { fleetHasher } from "./hasher.ts";
import { MAX_HELD_MODELS, MAX_MODELS_OF_NAME } from "./limits.ts";
import type { ModelDb, ModelRecord, ModelTables } from "./tables.ts";
import type { ModelTrust } from "./trust.ts";

export interface ModelParts {
  readonly store: FleetStore;
  readonly trust: ModelTrust;
  /** Signs approved versions. */
  readonly signer: Signer;
  now(): number;
}

/** PostgreSQL's unique_violation. */
const TAKEN = "23505";
const MAX_TRIES = 5;

/** A model that is taken. */
interface Taken {
  readonly model: WorkloadModel;
  readonly digest: string;
  readonly text: string;
  readonly signedBy: readonly string[];
  readonly by: string;
  readonly parent?: string;
  readonly reason?: string;
}

export class Models {
  readonly #parts: ModelParts;
  /** By digest: the last that were asked for. */
  readonly #held = new Map<string, Buffer>();

  constructor(parts: ModelParts) {
    this.#parts = parts;
  }

  get store(): FleetStore {
    return this.#parts.store;
  }

  get db(): ModelDb {
    return this.#parts.store.db.withTables<ModelTables>();
  }

  /**
   * Takes a signed model, when a key that is trusted has signed it. One that is there already stays as it is.
   * @throws FleetError UNTRUSTED: every reason is in its words; SignatureError, ModelError
   */
  async add(text: string, by: string): Promise<ModelRecord> {
    if (!looksSigned(text)) {
      const problem = "a fleet takes signed models only: galgo sign --key KEY -o OUT MODEL";
      throw new FleetError("UNTRUSTED", problem);
    }
    const { envelope } = readSignedFile(text, "the model");
    const found = appraiseModel(envelope, {
      policy: await this.#parts.trust.policy(),
      verifier: nodeVerifier,
      hasher: fleetHasher,
      now: this.#parts.now(),
      name: "the model",
    });
    if (!found.trusted) {
      const why = found.refusals.map((refusal) => `${refusal.code}: ${refusal.why}`).join("; ");
      throw new FleetError("UNTRUSTED", `the model is not trusted: ${why}`);
    }
    const { model, digest } = found;
    const ids = found.signedBy.map(({ key }) => key.id);
    return this.#write({ model, digest, text, signedBy: ids, by });
  }

  /** @throws FleetError NOT_FOUND */
  async get(digest: string): Promise<ModelRecord> {
    const found = await this.db
      .selectFrom("models")
      .selectAll()
      .where("digest", "=", dbText(digest))
      .executeTakeFirst();
    if (found !== undefined) return found;
    throw new FleetError("NOT_FOUND", "there is no model with this digest");
  }

  /** What is in the signed file of a model. Its signatures were checked when it was taken. */
  statement({ text }: Pick<ModelRecord, "text">): ModelStatement {
    return statementOf(readSignedFile(text, "the model").envelope, "the model", fleetHasher);
  }

  /**
   * The model with more behaviours, as a new version that the fleet has signed.
   * @throws FleetError NOT_FOUND, BAD_REQUEST: no coefficients of it, unknown ones, or none that is new
   */
  async approve(digest: string, order: ApproveOrder, by: string): Promise<ModelRecord> {
    const statement = this.statement(await this.get(digest));
    const { predicate: model } = statement;
    const { coefficients, reason } = order;
    const size = DIGEST_SIZES[model.spec.digest];
    const wrong = coefficients.find((one) => !isHex(one, size));
    if (wrong !== undefined) {
      const problem = `${quote(wrong, 140)} is no coefficient of this model (${size} bytes in hex)`;
      throw new FleetError("BAD_REQUEST", problem);
    }
    await this.#refuseUnknown(coefficients);
    const next = amended(model, coefficients, fleetHasher(model.spec.digest));
    if (next.spec.points.length === model.spec.points.length) {
      throw new FleetError("BAD_REQUEST", "the model allows all of these behaviours already");
    }
    const sha256 = fleetHasher("sha256");
    const self = modelSubject(model, sha256);
    const subject = statement.subject.map((one) =>
      one.digest["sha256"] === self.digest["sha256"] ? modelSubject(next, sha256) : one,
    );
    const { signer } = this.#parts;
    const text = writeEnvelope(signedBy(envelopeOfModel(next, subject), signer));
    return this.#write({
      model: next,
      digest: modelDigest(next, sha256),
      text,
      signedBy: [signer.key.id],
      by,
      parent: digest,
      reason,
    });
  }

  /** Nobody allows what was never seen: a slip in a coefficient would stay in the model for ever. */
  async #refuseUnknown(coefficients: readonly string[]): Promise<void> {
    const known = new Set<string>();
    for (const some of pieces([...new Set(coefficients)], 1)) {
      for (const table of ["behaviours", "violations"] as const) {
        const rows = await this.#parts.store.db
          .selectFrom(table)
          .select("coefficient")
          .distinct()
          .where("coefficient", "in", [...some])
          .execute();
        for (const { coefficient } of rows) known.add(coefficient);
      }
    }
    const unknown = coefficients.find((one) => !known.has(one));
    if (unknown === undefined) return;
    const problem = `no host has ever told of the behaviour ${unknown}`;
    throw new FleetError("BAD_REQUEST", problem);
  }

  /** A piece of the file of a model, for a host. @throws LinkError, FleetError NOT_FOUND */
  async piece(body: Uint8Array): Promise<ModelAnswer> {
    const { digest, offset } = readModelAsk(body);
    const bytes = this.#held.get(digest) ?? Buffer.from((await this.get(digest)).text, "utf8");
    this.#hold(digest, bytes);
    const data = bytes.subarray(offset, offset + MODEL_CHUNK_BYTES).toString("base64");
    return { v: 1, size: bytes.length, offset, data };
  }

  #hold(digest: string, bytes: Buffer): void {
    this.#held.delete(digest);
    this.#held.set(digest, bytes);
    const [oldest] = this.#held.keys();
    if (this.#held.size > MAX_HELD_MODELS && oldest !== undefined) this.#held.delete(oldest);
  }

  /** Two servers that take versions of one name at the same time: one of them takes the next number. */
  async #write(taken: Taken): Promise<ModelRecord> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#insert(taken);
      } catch (error) {
        const isTaken = error instanceof Error && "code" in error && error.code === TAKEN;
        if (!isTaken || tries >= MAX_TRIES) throw error;
      }
    }
  }

  async #insert(taken: Taken): Promise<ModelRecord> {
    const { model, digest, text, by, parent = null, reason = null } = taken;
    const { metadata, spec } = model;
    return this.#parts.store.transaction(async (given) => {
      const tx = given.withTables<ModelTables>();
      const known = tx.selectFrom("models").selectAll().where("digest", "=", digest);
      const there = await known.executeTakeFirst();
      if (there !== undefined) return there;
      const { last } = await tx
        .selectFrom("models")
        .select((e) => e.fn.max("version").as("last"))
        .where("name", "=", metadata.name)
        .executeTakeFirstOrThrow();
      const version = Number(last ?? 0) + 1;
      if (version > MAX_MODELS_OF_NAME) {
        const problem = `there are ${MAX_MODELS_OF_NAME} versions of ${quote(metadata.name)}, and no room for more`;
        throw new FleetError("CONFLICT", problem);
      }
      return tx
        .insertInto("models")
        .values({
          digest,
          name: metadata.name,
          version,
          parent,
          behaviours: spec.points.length,
          sealed: spec.sealed ? 1 : 0,
          state: spec.state,
          text,
          bytes: Buffer.byteLength(text),
          signed_by: JSON.stringify(taken.signedBy),
          added: this.#parts.now(),
          by,
          reason: reason === null ? null : dbText(reason),
        })
        .returningAll()
        .executeTakeFirstOrThrow();
    });
  }
}
