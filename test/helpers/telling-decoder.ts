// SPDX-License-Identifier: Apache-2.0
// Records of test/fixtures/bpf/telling.bpf.c: only a head, whose key says what shall come of it.
import type { SecurityEvent } from "../../src/event/index.ts";
import { KERNEL_HOOKS, RECORD } from "../../src/sensor/bpf/layout.gen.ts";
import { Unseen } from "../../src/sensor/file/unseen.ts";
import type { Conclusion, RecordDecoder, RecordHead, Told } from "../../src/sensor/bpf/types.ts";
import { aFile, anEvent } from "./events.ts";

const AT = RECORD.at;

/** Lowest half of a key: what the decoder does with the record. */
export const CASE = {
  intern: 1,
  never: 2,
  unseen: 3,
  primes: 4,
  deny: 5,
  discipline: 6,
  slip: 7,
} as const;
export const NEXT = 40;
export const INSTANCE = 9;
export const NEXT_AFTER_LOSS = 50;

export class TellingDecoder implements RecordDecoder {
  readonly identities: RecordDecoder["identities"] = {
    root: 2,
    unattributed: 4,
    numberOf: () => NEXT,
    identityOf: () => undefined,
  };
  readonly #words: Uint32Array;

  /** @param words memory of the ring */
  constructor(words: Uint32Array) {
    this.#words = words;
  }

  head(at: number): RecordHead {
    const word = (offset: number): number => this.#words[(at + offset) / 4] ?? 0;
    return {
      hook: KERNEL_HOOKS[word(AT.hook) & 0xffff] ?? "file_open",
      flags: word(AT.hook) >>> 16, // behind the hook, 16 bits each
      slot: word(AT.slot),
      serial: word(AT.serial),
      sequence: BigInt(word(AT.sequence)),
      tid: word(AT.tid),
      tgid: word(AT.tgid),
      key: this.#words.slice((at + AT.key) / 4, (at + AT.key) / 4 + 4),
    };
  }

  tell(at: number): Told {
    const head = this.head(at);
    if (head.key[0] === CASE.unseen) throw new Unseen("unreadable", "as the key wants it");
    if (head.key[0] === CASE.slip) throw new TypeError("a slip");
    return { head, event: eventOf(head) };
  }

  conclude({ head }: Told): Conclusion {
    const primed =
      head.key[0] === CASE.primes
        ? [{ key: head.key.map((half) => half + 1000), point: "primed" }]
        : [];
    const isExec = head.hook === "bprm_committed_creds";
    return {
      intern: head.key[0] !== CASE.never,
      next: isExec ? NEXT : 0,
      instance: isExec ? 0 : INSTANCE,
      primed,
    };
  }

  nextAfterLoss(): number {
    return NEXT_AFTER_LOSS;
  }
}

/** An event whose `process` is the key. */
function eventOf({ key, tid }: RecordHead): SecurityEvent {
  return anEvent("file_open", { file: aFile("/") }, { pid: tid, process: [...key].join(".") });
}
