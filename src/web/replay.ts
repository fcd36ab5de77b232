// SPDX-License-Identifier: Apache-2.0
// A recorded stream through mapping and model, as `galgo replay` does it. Nothing here knows that it runs in a page.
import { quote } from "../base/quote.ts";
import {
  describeEvent,
  GALGO_START,
  type Piece,
  type Place,
  parseRecord,
  readableText,
  RecordError,
  RecordJoiner,
  type RecordSink,
  readTsemRecord,
  type SecurityEvent,
  type TsemDialect,
  type TsemRecord,
  LineSplitter,
} from "../event/index.ts";
import {
  BUILTIN_PROFILES,
  createMapper,
  createModel,
  createProfile,
  type EventMapper,
  type Hasher,
  type MappingName,
  type Model,
  ModelError,
  type Profile,
} from "../model/runtime/index.ts";
import { pageText } from "./lines.ts";

export interface ReplayOptions {
  readonly hasher: Hasher;
  readonly mapping: MappingName;
  readonly profile: keyof typeof BUILTIN_PROFILES;
  /** hex; an aggregate record of the stream takes its place. */
  readonly aggregate?: string;
}

/** A record that was read. */
export interface ReplayedRecord {
  /** Number of its (first) line, from 1. */
  readonly line: number;
  readonly kind: TsemRecord["kind"] | "galgo" | "identity";
  /** Untrusted. */
  readonly process?: string;
  readonly words: string;
  /** hex; absent for a record that is no behaviour. */
  readonly coefficient?: string;
  /** The coefficient had not been seen before. */
  readonly added: boolean;
}

/** A record that did not become part of the model although it should have. */
export interface LostRecord {
  readonly line: number;
  readonly problem: string;
}

/** What is told about the stream while it is read. */
export interface ReplayListener {
  record(record: ReplayedRecord): void;
  lost(lost: LostRecord): void;
}

const DIALECTS: Readonly<Record<MappingName, TsemDialect>> = {
  "tsem-v4": "kernel",
  "quixote-2025": "quixote",
  "quixote-2024": "quixote-2024",
};

/** Models a stream: give it every chunk in order, then `end`. */
export class Replay implements RecordSink {
  readonly model: Model;
  readonly #mapper: EventMapper;
  readonly #profile: Profile;
  readonly #listener: ReplayListener;
  readonly #joiner: RecordJoiner;
  readonly #lines: LineSplitter;

  constructor(options: ReplayOptions, listener: ReplayListener) {
    const { hasher, mapping, profile, aggregate } = options;
    this.model = createModel({ hasher, ...(aggregate !== undefined && { aggregate }) });
    this.#mapper = createMapper(hasher, mapping);
    this.#profile = createProfile(BUILTIN_PROFILES[profile], this.#mapper);
    this.#listener = listener;
    this.#joiner = new RecordJoiner(this, DIALECTS[mapping]);
    this.#lines = new LineSplitter(this.#joiner, pageText);
  }

  /** Lines that were read. */
  get lines(): number {
    return this.#lines.lines;
  }

  push(chunk: Uint8Array): void {
    this.#lines.push(chunk);
  }

  /** To be called behind the last chunk. */
  end(): void {
    this.#lines.end();
    this.#joiner.end();
  }

  record(bytes: string, { line }: Place): void {
    try {
      this.#take(readableText(bytes), line);
    } catch (error) {
      if (!(error instanceof RecordError || error instanceof ModelError)) throw error;
      this.#listener.lost({ line, problem: error.message });
    }
  }

  unreadable(_bytes: string, { line, lines }: Place, problem: string, piece?: Piece): void {
    if (piece !== undefined && !piece.last) return;
    for (let i = 0; i < lines; i++) this.#listener.lost({ line: line + i, problem });
  }

  #take(text: string, line: number): void {
    if (text.startsWith(GALGO_START)) {
      this.#event(parseRecord(text), "galgo", line);
      return;
    }
    const record = readTsemRecord(text, { dialect: DIALECTS[this.#mapper.mapping] });
    switch (record.kind) {
      case "aggregate":
        this.model.setAggregate(record.value);
        this.#plain(line, record.kind, "aggregate of the platform");
        break;
      case "nothing":
        this.#listener.lost({ line, problem: "the record has no content" });
        break;
      case "log":
        if (record.event !== undefined) this.#event(record.event, record.kind, line);
        else
          this.#plain(
            line,
            record.kind,
            `${quote(record.hook)} of an untrusted process, not described`,
          );
        break;
      case "event":
      case "async_event":
      case "trajectory":
        this.#event(record.event, record.kind, line);
        break;
    }
  }

  #plain(line: number, kind: ReplayedRecord["kind"], words: string): void {
    this.#listener.record({ line, kind, words, added: false });
  }

  #event(event: SecurityEvent, kind: ReplayedRecord["kind"], line: number): void {
    const { hook, process } = event;
    const words = describeEvent(event);
    if (kind === "galgo" && hook === "bprm_committed_creds") {
      this.#listener.record({ line, kind: "identity", process, words, added: false });
      return;
    }
    this.#checkDigest(event);
    const coefficient = this.#mapper.coefficient(this.#profile.rewrite(event));
    const { added } = this.model.update(coefficient);
    this.#listener.record({ line, kind, process, words, coefficient, added });
  }

  /** A stream of another digest is another stream. Quixote takes TASK_IDs of any length. */
  #checkDigest({ task }: SecurityEvent): void {
    const { hasher, mapping } = this.#mapper;
    if (mapping !== "tsem-v4") return;
    const odd = [task.taskId, task.pTaskId].find((id) => id.length !== hasher.size * 2);
    if (odd === undefined) return;
    const problem = `its TASK_ID has ${odd.length} hex digits, those of ${hasher.name} have ${hasher.size * 2}`;
    throw new ModelError("BAD_FIELD", problem);
  }
}
