// SPDX-License-Identifier: Apache-2.0
// A Sancho device as specification section 12 has it, with a model of its own: what it is sent goes in, what it says comes out.
import { readTsemRecord, type SecurityEvent } from "../../src/event/index.ts";
import {
  createMapper,
  createModel,
  type Model,
  ModelError,
} from "../../src/model/runtime/index.ts";
import { nodeHasher } from "../../src/tma/index.ts";

const hasher = nodeHasher("sha256");
const mapper = createMapper(hasher, "quixote-2025");
const ZEROS = "00".repeat(32);

/** What somebody on the wire, or the device itself, does. */
export type Manner = "honest" | "silent" | "garbage" | "released" | "other-pid";

export class SanchoDevice {
  manner: Manner = "honest";
  /** Commands that came, without their arguments. */
  readonly asked: string[] = [];
  readonly #sizeT: 4 | 8;
  #model: Model = createModel({ hasher });
  #loading = false;
  #came: Buffer = Buffer.alloc(0);

  constructor(sizeT: 4 | 8 = 4) {
    this.#sizeT = sizeT;
  }

  /** Bytes that it says to bytes that have come. */
  take(bytes: Uint8Array): Buffer {
    this.#came = Buffer.concat([this.#came, bytes]);
    const said: Buffer[] = [];
    for (;;) {
      const length = this.#came.length < 4 ? 0 : this.#came.readUInt32BE(0);
      if (this.#came.length < 4 || this.#came.length < 4 + length) break;
      const command = this.#came.toString("utf8", 4, 4 + length).replace(/\0$/, "");
      this.#came = this.#came.subarray(4 + length);
      said.push(this.#manners(this.#answer(command)));
    }
    return Buffer.concat(said);
  }

  #manners(frames: readonly Buffer[]): Buffer {
    const honest = Buffer.concat(frames.map(framed));
    switch (this.manner) {
      case "silent":
        return Buffer.alloc(0);
      case "garbage":
        return Buffer.from("%&/()=?\0\xff\xfe login: ", "latin1");
      case "released":
        return Buffer.concat(frames.map((frame) => framed(released(frame))));
      case "other-pid":
        return honest.length === 0 ? honest : framed(text("RELEASE 1"));
      case "honest":
        return honest;
    }
  }

  #answer(command: string): readonly Buffer[] {
    const [verb = ""] = /^(?:show )?[a-z_]+/.exec(command) ?? [];
    this.asked.push(verb);
    const argument = command.slice(verb.length + 1);
    switch (verb) {
      case "export":
        return [text(this.#verdict(argument))];
      case "aggregate":
        this.#model.setAggregate(argument);
        return [text("OK")];
      case "seal":
        this.#model.seal();
        return [text("OK")];
      case "load":
        return [text(this.#load(argument) ? "OK" : "ERROR")];
      case "show measurement":
        return [Buffer.from(this.#model.measurement(), "hex")];
      case "show state":
        return [Buffer.from(this.#model.state(), "hex")];
      case "show coefficients":
        return this.#list(true);
      case "show forensics_coefficients":
        return this.#list(false);
      case "reset":
        this.#model = createModel({ hasher });
        this.#loading = false;
        return [];
      default:
        return [];
    }
  }

  #verdict(line: string): string {
    const event = eventOf(line);
    if (this.#loading || event === undefined) return "";
    if (this.#model.aggregate === undefined) this.#model.setAggregate(ZEROS);
    const { valid } = this.#model.update(mapper.coefficient(event));
    return `${valid ? "RELEASE" : "DISCIPLINE"} ${event.pid}`;
  }

  #load(line: string): boolean {
    const [keyword, value = ""] = line.split(" ");
    this.#loading = keyword !== "end";
    try {
      if (keyword === "state") this.#model.load(value);
      else if (keyword === "base") this.#model.setBase(value);
      else if (keyword !== "end") return false;
      return true;
    } catch (error) {
      if (error instanceof ModelError) return false;
      throw error;
    }
  }

  #list(valid: boolean): readonly Buffer[] {
    const points = this.#model.points().filter((point) => point.valid === valid);
    const count = Buffer.alloc(this.#sizeT);
    count.writeUInt32LE(points.length);
    return [count, ...points.map(({ coefficient }) => text(coefficient))];
  }
}

function text(words: string): Buffer {
  return Buffer.from(`${words}\0`, "latin1");
}

function released(frame: Buffer): Buffer {
  const words = frame.toString("latin1");
  return Buffer.from(words.replace(/^DISCIPLINE /, "RELEASE "), "latin1");
}

function framed(payload: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(payload.length);
  return Buffer.concat([length, payload]);
}

/** The event of an export, in either form; undefined when it is none. */
export function eventOf(line: string): SecurityEvent | undefined {
  const record = line.startsWith("{") ? line : recordOfFlat(line);
  const read = readTsemRecord(record, { dialect: "quixote" });
  return "event" in read ? read.event : undefined;
}

interface Tree {
  [member: string]: string | Tree;
}

/** The record that a flat line was made of. */
function recordOfFlat(line: string): string {
  const top = new FlatReader(line).groups();
  const { pid, event, COE: coe, ...cells } = top;
  const head = asTree(event);
  const type = String(head["type"]);
  const { file, ...others } = cells;
  const cell = type === "file_open" ? asTree(file) : { ...asTree(others[type]) };
  if (type === "mmap_file" && file !== undefined) cell["file"] = file;
  const number = Object.keys(asTree(pid))[0] ?? "0";
  return spelled({
    export: { type: "event" },
    event: { pid: number, ...head },
    COE: asTree(coe),
    [type]: cell,
  });
}

function asTree(value: string | Tree | undefined): Tree {
  return isTree(value) ? value : {};
}

function isTree(value: string | Tree | undefined): value is Tree {
  return typeof value === "object";
}

function spelled(value: string | Tree): string {
  if (typeof value === "string") return `"${value.replace(/["\\]/g, "\\$&")}"`;
  const members = Object.entries(value).map(([name, one]) => `"${name}": ${spelled(one)}`);
  return `{${members.join(", ")}}`;
}

const MEMBER = /^([^{}=,]+)([={]?)/;

/** name{member=value, name{...}} ... */
class FlatReader {
  readonly #line: string;
  #at = 0;

  constructor(line: string) {
    this.#line = line;
  }

  groups(): Tree {
    const found: Tree = {};
    while (this.#at < this.#line.length) {
      found[this.#upTo("{")] = this.#members();
      this.#at += 1;
    }
    return found;
  }

  /** Members of a group behind its brace, and the brace that ends it. */
  #members(): Tree {
    const found: Tree = {};
    while (this.#line[this.#at] !== "}") {
      const [, name = "", sign = ""] = MEMBER.exec(this.#line.slice(this.#at)) ?? [];
      if (name === "") throw new Error(`no flat record at ${this.#at}: ${this.#line}`);
      this.#at += name.length + sign.length;
      found[name] = this.#behind(sign);
      if (this.#line.startsWith(", ", this.#at)) this.#at += 2;
    }
    this.#at += 1;
    return found;
  }

  #behind(sign: string): string | Tree {
    if (sign === "{") return this.#members();
    return sign === "=" ? this.#value() : "";
  }

  #value(): string {
    const end = this.#line.slice(this.#at).search(/[,}]/);
    const value = this.#line.slice(this.#at, this.#at + end);
    this.#at += end;
    return value;
  }

  #upTo(char: string): string {
    const end = this.#line.indexOf(char, this.#at);
    if (end < 0) throw new Error(`no flat record at ${this.#at}: ${this.#line}`);
    const name = this.#line.slice(this.#at, end);
    this.#at = end + 1;
    return name;
  }
}
