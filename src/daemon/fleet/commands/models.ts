// SPDX-License-Identifier: Apache-2.0
// Models of the fleet on this host: fetched by their digest, checked as any model of the daemon is, and put where containers find models by
// name. What stood there is kept aside, and comes back when the fleet takes its model away.
import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { looksSigned } from "../../../attest/signed/sigstore-bundle.ts";
import { quote } from "../../../base/quote.ts";
import { modelDigest } from "../../../model/index.ts";
import { type UsedModel, useModel } from "../../../orchestrator/index.ts";
import { writeAtomic } from "../../../orchestrator/inspect/index.ts";
import { nodeHasher } from "../../../tma/index.ts";
import { readModelAnswer } from "../../../wire/link/index.ts";
import { MODEL_SUFFIX, modelPlace, SIGNED_SUFFIX } from "../../containers/models.ts";
import { FleetError } from "../errors.ts";
import type { FleetSide } from "../side.ts";
import { MAX_FLEET_MODEL_BYTES } from "./limits.ts";

const PINS = "models.json";
/** What stood in the place of a fleet's model. */
const ASIDE = ".before-fleet";

/** Name of a model to the digest that the fleet has pinned it to. */
type Pins = Readonly<Record<string, string>>;

export class FleetModels {
  readonly #side: FleetSide;
  readonly #pinsFile: string;

  constructor(side: FleetSide) {
    this.#side = side;
    this.#pinsFile = join(side.folder, PINS);
  }

  pins(): Pins {
    try {
      return JSON.parse(readFileSync(this.#pinsFile, "utf8")) as Pins;
    } catch {
      return {};
    }
  }

  /**
   * Models of this name are the one with this digest from the next start on.
   * @returns what was done, in words
   * @throws FleetError; ContainerError BAD_MODEL: no name of a model; ModelUseError: not signed by whom the daemon demands, damaged
   */
  async pin(name: string, digest: string): Promise<string> {
    const files = this.#filesOf(name);
    const text = await this.#fetched(digest);
    const { requirement } = this.#side.context;
    // whose subjects are demanded is known when something runs under it: it is checked again then
    const trust = requirement === undefined ? {} : { requirement };
    refuseOther(useModel(text, `the fleet's model ${quote(name)}`, trust), digest);
    mkdirSync(this.#side.context.models, { recursive: true, mode: 0o755 });
    // whoever is killed in between leaves a model in its place, and the host's own is not lost
    if (!Object.hasOwn(this.pins(), name)) [files.signed, files.plain].forEach(keepAside);
    this.#write({ ...this.pins(), [name]: digest });
    const [here, other] = looksSigned(text)
      ? [files.signed, files.plain]
      : [files.plain, files.signed];
    writeAtomic(here, text, { durable: true, mode: 0o644 });
    rmSync(other, { force: true });
    return `the model ${quote(name)} is ${digest} from the next start on`;
  }

  /** What the host has itself counts again. */
  release(name: string): string {
    const files = this.#filesOf(name);
    const { [name]: pinned, ...others } = this.pins();
    if (pinned === undefined) return `the model ${quote(name)} was none of the fleet`;
    for (const file of [files.signed, files.plain])
      if (existsSync(file + ASIDE)) renameSync(file + ASIDE, file);
      else rmSync(file, { force: true });
    this.#write(others);
    return `the model ${quote(name)} is the host's own from the next start on`;
  }

  #filesOf(name: string): { readonly signed: string; readonly plain: string } {
    const { file: plain } = modelPlace(name, this.#side.context.models);
    return { plain, signed: plain.slice(0, -MODEL_SUFFIX.length) + SIGNED_SUFFIX };
  }

  async #fetched(digest: string): Promise<string> {
    const pieces: Buffer[] = [];
    for (let offset = 0, size = 1; offset < size; ) {
      const answer = await this.#side.ask("model", { digest, offset });
      const piece = readModelAnswer(new TextEncoder().encode(JSON.stringify(answer)));
      const bytes = Buffer.from(piece.data, "base64");
      size = piece.size;
      const fits = piece.offset === offset && offset + bytes.length <= size;
      if (!fits || bytes.length === 0 || size > MAX_FLEET_MODEL_BYTES) {
        const problem = `the fleet's model ${digest} does not come as it should (${bytes.length} bytes at ${piece.offset} of ${size})`;
        throw new FleetError("BAD_ANSWER", problem);
      }
      pieces.push(bytes);
      offset += bytes.length;
    }
    return Buffer.concat(pieces).toString("utf8");
  }

  #write(pins: Pins): void {
    writeAtomic(this.#pinsFile, `${JSON.stringify(pins)}\n`, { durable: true });
  }
}

function refuseOther({ model }: UsedModel, digest: string): void {
  const found = modelDigest(model, nodeHasher(model.spec.digest));
  if (found === digest) return;
  const problem = `what the fleet sent is the model ${found}, and ${digest} was ordered: it is not used`;
  throw new FleetError("BAD_ANSWER", problem);
}

/** A second name of the same file, in place of what an earlier fleet may have left there. */
function keepAside(file: string): void {
  rmSync(file + ASIDE, { force: true });
  if (existsSync(file)) linkSync(file, file + ASIDE);
}
