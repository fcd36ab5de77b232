// SPDX-License-Identifier: Apache-2.0
// Reads the text form of a model. Lines are matched by prefix in upstream's order; what upstream takes by accident and would make the
// file mean less than it shows is refused (named below), what is only odd is a warning.
//   refused: no `end`; anything but the signature after `end`; a last line without newline; a key that is not the first line, a second
//   one, or one without a signature (upstream loads such a file unsigned); a signature that is not the last line; an aggregate that is
//   ignored (after `seal`) or replaced; a base that covers only a part (not before aggregate and states); a base or aggregate of
//   another length; NUL characters.
//   warned of: text behind `seal` and `end`, a state named twice, an aggregate behind states, a pseudonym behind `seal`.
import { decodeBase64, encodeBase64 } from "../../base/base64.ts";
import { isHex } from "../../base/hex.ts";
import { decodePath, encodePath } from "../../base/path-text.ts";
import { quote } from "../../base/quote.ts";
import { ModelError, type ModelErrorCode } from "../errors.ts";
import { DIGEST_SIZES, type DigestName } from "../hasher.ts";
import { MAX_MODEL_CHARS, MAX_POINTS, MAX_PSEUDONYMS, MAX_TEXT_LINE_CHARS } from "../limits.ts";
import {
  type SignatureCheck,
  signedBytes,
  type TextModel,
  type TextWarning,
} from "./text-model.ts";

export interface TextReadOptions {
  /** Where the text came from, for messages. */
  readonly source: string;
  /** The digest that the states were made with; the file does not say it. */
  readonly digest: DigestName;
  /** Asked when the file is signed. */
  readonly check: SignatureCheck;
}

export interface TextReading {
  readonly model: TextModel;
  readonly warnings: readonly TextWarning[];
  /** PEM text of the key whose signature was found good; absent when the file is not signed. */
  readonly signer?: string;
}

/** In the order in which they are matched. */
const KEYWORDS = [
  "#",
  "key ",
  "base ",
  "aggregate ",
  "state ",
  "pseudonym ",
  "seal",
  "signature ",
  "end",
] as const;

type Keyword = (typeof KEYWORDS)[number];

/**
 * Reads a text model. `text` is what `decodePath` makes of the file's bytes, so that a signature covers exactly these.
 * Throws `ModelError` BAD_TEXT (with the line), BAD_SIGNATURE, TOO_LARGE; nothing of the file has then taken effect.
 */
export function readTextModel(text: string, options: TextReadOptions): TextReading {
  const source = quote(options.source);
  if (text.length > MAX_MODEL_CHARS) {
    const problem = `${source} has ${text.length} characters, at most ${MAX_MODEL_CHARS} are read`;
    throw new ModelError("TOO_LARGE", problem);
  }
  return new TextReader(options, source).read(text);
}

class TextReader {
  readonly #options: TextReadOptions;
  readonly #source: string;
  readonly #states: string[] = [];
  readonly #known = new Set<string>();
  readonly #pseudonyms = new Set<string>();
  readonly #warnings: TextWarning[] = [];
  #lines: readonly string[] = [];
  #line = 0;
  #base: string | undefined;
  #aggregate: string | undefined;
  #key: string | undefined;
  #signer: string | undefined;
  #sealed = false;
  #ended = false;

  constructor(options: TextReadOptions, source: string) {
    this.#options = options;
    this.#source = source;
  }

  read(text: string): TextReading {
    const lines = text.split("\n");
    const rest = lines.pop() ?? "";
    this.#lines = lines;
    for (const line of lines) {
      this.#line += 1;
      this.#take(line);
    }
    this.#line += 1;
    if (rest !== "") throw this.#fault("has no newline at its end, so Quixote would not read it");
    if (!this.#ended) throw this.#fault("end of file without `end`: the model is not complete");
    if (this.#key !== undefined && this.#signer === undefined) {
      throw this.#fault("the model has a key but no signature", "BAD_SIGNATURE");
    }
    return this.#reading();
  }

  #reading(): TextReading {
    return {
      model: {
        ...(this.#base !== undefined && { base: this.#base }),
        ...(this.#aggregate !== undefined && { aggregate: this.#aggregate }),
        pseudonyms: [...this.#pseudonyms],
        states: this.#states,
        sealed: this.#sealed,
      },
      warnings: this.#warnings,
      ...(this.#signer !== undefined && { signer: this.#signer }),
    };
  }

  #take(line: string): void {
    if (line.length > MAX_TEXT_LINE_CHARS)
      throw this.#fault(`is longer than ${MAX_TEXT_LINE_CHARS} characters`);
    if (line.includes("\0")) throw this.#fault("holds a NUL character");
    if (this.#signer !== undefined) throw this.#fault("follows the signature, which must be last");
    const keyword = KEYWORDS.find((prefix) => line.startsWith(prefix));
    if (keyword === undefined) throw this.#fault(unknownText(line));
    if (this.#ended && keyword !== "signature ") {
      throw this.#fault("follows `end`: Quixote would go on loading and refuse every event");
    }
    const argument = line.slice(keyword.length);
    if (keyword.endsWith(" ") && argument === "") throw this.#fault(`has nothing after ${keyword}`);
    this.#obey(keyword, argument);
  }

  #obey(keyword: Keyword, argument: string): void {
    switch (keyword) {
      case "#":
        break;
      case "key ":
        this.#takeKey(argument);
        break;
      case "base ":
        this.#takeBase(argument);
        break;
      case "aggregate ":
        this.#takeAggregate(argument);
        break;
      case "state ":
        this.#takeState(argument);
        break;
      case "pseudonym ":
        this.#takePseudonym(argument);
        break;
      case "seal":
        if (argument !== "") this.#warn("the text after `seal` means nothing");
        this.#sealed = true;
        break;
      case "end":
        if (argument !== "") this.#warn("the text after `end` means nothing");
        this.#ended = true;
        break;
      case "signature ":
        this.#takeSignature(argument);
        break;
    }
  }

  #takeKey(argument: string): void {
    if (this.#key !== undefined) throw this.#fault("is a second key");
    if (this.#line !== 1) throw this.#fault("has the key, which must be on the first line");
    this.#key = decodePath(this.#base64(argument));
  }

  #takeBase(argument: string): void {
    if (this.#base !== undefined) throw this.#fault("is a second base");
    if (this.#aggregate !== undefined || this.#states.length > 0)
      throw this.#fault("has the base, which must stand before the aggregate and the states");
    this.#base = this.#digest(argument);
  }

  #takeAggregate(argument: string): void {
    const value = this.#digest(argument);
    if (this.#sealed) throw this.#fault("has an aggregate after `seal`, which Quixote ignores");
    if (this.#aggregate !== undefined && this.#aggregate !== value)
      throw this.#fault("is a second, different aggregate");
    if (this.#aggregate === undefined && this.#states.length > 0)
      this.#warn("Quixote leaves the states before the aggregate out of its measurement");
    this.#aggregate = value;
  }

  #takeState(argument: string): void {
    const value = this.#digest(argument);
    if (this.#sealed) throw this.#fault("has a state after `seal`");
    if (this.#known.has(value)) this.#warn("this state was named before");
    this.#known.add(value);
    this.#states.push(value);
    if (this.#states.length > MAX_POINTS)
      throw this.#fault(`is more than ${MAX_POINTS} states`, "TOO_LARGE");
  }

  #takePseudonym(argument: string): void {
    if (this.#sealed) this.#warn("the pseudonym stands behind `seal` but has its effect");
    this.#pseudonyms.add(this.#digest(argument));
    if (this.#pseudonyms.size > MAX_PSEUDONYMS)
      throw this.#fault(`is more than ${MAX_PSEUDONYMS} pseudonyms`, "TOO_LARGE");
  }

  #takeSignature(argument: string): void {
    if (this.#key === undefined)
      throw this.#fault("has a signature, but the model has no key", "BAD_SIGNATURE");
    if (!this.#ended) throw this.#fault("has the signature, which must follow `end`");
    const signed = signedBytes(this.#lines.slice(0, this.#line - 1), encodePath);
    const result = this.#options.check(this.#key, signed, this.#base64(argument));
    if (result !== "good")
      throw this.#fault(`is no good signature: ${result.bad}`, "BAD_SIGNATURE");
    this.#signer = this.#key;
  }

  #digest(text: string): string {
    const { digest } = this.#options;
    const value = text.toLowerCase();
    if (isHex(value, DIGEST_SIZES[digest])) return value;
    throw this.#fault(
      `does not hold ${DIGEST_SIZES[digest] * 2} hex digits (${digest}; --digest names another)`,
    );
  }

  /** One spelling for one value: another would be a change that a signature does not see. */
  #base64(text: string): Uint8Array {
    try {
      const bytes = decodeBase64(text);
      if (encodeBase64(bytes) === text) return bytes;
    } catch {
      // told below
    }
    throw this.#fault("does not hold base64");
  }

  #warn(text: string): void {
    this.#warnings.push({ line: this.#line, text });
  }

  #fault(problem: string, code: ModelErrorCode = "BAD_TEXT"): ModelError {
    return new ModelError(code, `${this.#source} line ${this.#line}: ${problem}`, {
      facts: { line: this.#line },
    });
  }
}

function unknownText(line: string): string {
  return line === "" ? "is empty" : `starts with no keyword of a model: ${quote(line, 60)}`;
}
