// SPDX-License-Identifier: Apache-2.0
// What is to be done with a container: its annotations say it, else the metadata of its profile, else the digest of its image.
import { quote } from "../../base/quote.ts";
import type { RunMode, ViolationPolicy } from "../../orchestrator/run-record.ts";
import { ContainerError } from "./errors.ts";

const PREFIX = "dev.galgo.";
/** Annotation to member of the metadata. */
const KEYS = ["mode", "model", "name", "on-violation"] as const;
type Key = (typeof KEYS)[number];

/** learn: as free, and what it did is added to the model of that name when it ends. */
export const CONTAINER_MODES = ["learn", "free", "detect", "enforce"] as const;
export type ContainerMode = (typeof CONTAINER_MODES)[number];
const POLICIES: readonly ViolationPolicy[] = ["deny", "kill", "observe"];

/** Words are told by where they come from, for messages. */
interface Word {
  readonly text: string;
  readonly from: string;
}

export interface ContainerOrder {
  readonly mode: ContainerMode;
  readonly onViolation: ViolationPolicy;
  /** Reference of a model (models.ts); required in the modes detect and enforce. */
  readonly model: string | undefined;
  /** Name of the workload; undefined: the model's, the image's, the container's. */
  readonly name: string | undefined;
}

/** What can be known when the choice is made. */
export interface ChoiceFacts {
  readonly annotations: Readonly<Record<string, string>>;
  readonly metadata: string;
  readonly imageDigest: string | undefined;
  /** Image digest to model. */
  readonly images: Readonly<Record<string, string>>;
}

/** @throws ContainerError BAD_ORDER, NO_ORDER */
export function chooseOrder(facts: ChoiceFacts): ContainerOrder {
  const words = { ...fromMetadata(facts.metadata), ...fromAnnotations(facts.annotations) };
  const byImage = facts.imageDigest === undefined ? undefined : facts.images[facts.imageDigest];
  const model = words.model?.text ?? byImage;
  const mode = modeOf(words.mode, model);
  if ((mode === "enforce" || mode === "detect") && model === undefined) {
    throw new ContainerError(
      "BAD_MODEL",
      `the mode ${mode} needs a model: ${PREFIX}model, or [images] in the configuration of the daemon`,
    );
  }
  return { mode, model, onViolation: policyOf(words["on-violation"]), name: words.name?.text };
}

export function runModeOf(mode: ContainerMode): RunMode {
  return mode === "learn" ? "free" : mode;
}

/**
 * Metadata that says this. @param text metadata that is there already
 * @throws ContainerError BAD_ORDER, BAD_MODEL, NO_ORDER: as a container that comes with it would be refused
 */
export function checkedMetadata(
  text: string,
  words: Readonly<Partial<Record<Key, string>>> = {},
): string {
  const more = KEYS.flatMap((key) => (words[key] === undefined ? [] : `${key}=${words[key]}`));
  const metadata = [...(text === "" ? [] : [text]), ...more].join(",");
  if (metadata !== "")
    chooseOrder({ annotations: {}, metadata, imageDigest: undefined, images: {} });
  return metadata;
}

/** Whether anything in the annotations is for Galgo. */
export function isAddressed(annotations: Readonly<Record<string, string>>): boolean {
  return Object.keys(annotations).some((key) => key.startsWith(PREFIX));
}

type Words = Partial<Record<Key, Word>>;

function modeOf(word: Word | undefined, model: string | undefined): ContainerMode {
  if (word === undefined) {
    if (model !== undefined) return "enforce";
    throw new ContainerError(
      "NO_ORDER",
      `nothing says what is to be done with it: ${PREFIX}mode (${CONTAINER_MODES.join(", ")}), ${PREFIX}model, or a model for its image`,
    );
  }
  return oneOf(word, CONTAINER_MODES);
}

function policyOf(word: Word | undefined): ViolationPolicy {
  return word === undefined ? "deny" : oneOf(word, POLICIES);
}

function oneOf<T extends string>({ text, from }: Word, known: readonly T[]): T {
  const found = known.find((value) => value === text);
  if (found !== undefined) return found;
  throw new ContainerError(
    "BAD_ORDER",
    `${from} is ${quote(text, 60)}; it has to be one of ${known.join(", ")}`,
  );
}

function fromAnnotations(annotations: Readonly<Record<string, string>>): Words {
  const words: Words = {};
  for (const [name, text] of Object.entries(annotations)) {
    if (!name.startsWith(PREFIX)) continue;
    words[keyOf(name.slice(PREFIX.length), `annotation ${quote(name, 60)}`)] = {
      text: filled(text, `the annotation ${name}`),
      from: `the annotation ${name}`,
    };
  }
  return words;
}

/** "key=value,key=value" */
function fromMetadata(metadata: string): Words {
  const words: Words = {};
  for (const part of metadata.split(",").filter((text) => text.trim() !== "")) {
    const at = part.indexOf("=");
    const name = (at < 0 ? part : part.slice(0, at)).trim();
    const from = `${name} in the listenerMetadata`;
    if (at < 0) {
      throw new ContainerError(
        "BAD_ORDER",
        `the listenerMetadata has to be key=value,key=value: there is ${quote(part, 60)}`,
      );
    }
    words[keyOf(name, `key ${quote(name, 60)} of the listenerMetadata`)] = {
      text: filled(part.slice(at + 1).trim(), from),
      from,
    };
  }
  return words;
}

function keyOf(name: string, what: string): Key {
  const key = KEYS.find((known) => known === name);
  if (key !== undefined) return key;
  throw new ContainerError("BAD_ORDER", `there is no ${what}; known are ${KEYS.join(", ")}`);
}

function filled(text: string, from: string): string {
  if (text !== "") return text;
  throw new ContainerError("BAD_ORDER", `${from} is empty`);
}
