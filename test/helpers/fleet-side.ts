// SPDX-License-Identifier: Apache-2.0
// The host's side of a fleet for tests of what acts on a host: real keys and signatures; what would go to the fleet is kept, what is asked
// of it is answered by the test.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Daemon } from "../../src/daemon/index.ts";
import type { FleetSide } from "../../src/daemon/fleet/side.ts";
import {
  type AskKind,
  type CommandBody,
  type Item,
  type ResultItem,
  signCommand,
} from "../../src/wire/link/index.ts";
import { aSigner, type TestSigner } from "./signing.ts";

export const HOST = "abcdefghijklmnopqrst";

/** Of commands: never used again. */
let ids = 0;

export type Answer = (
  kind: AskKind,
  body: Record<string, unknown>,
) => Promise<Record<string, unknown>>;

/** Anything but what is the same in most commands. */
export type Ordered = Pick<CommandBody, "kind" | "args"> & Partial<CommandBody>;

export class TestSide implements FleetSide {
  readonly context: Daemon["context"];
  readonly folder: string;
  readonly items: Item[] = [];
  readonly told: string[] = [];
  readonly signer: TestSigner;
  online = true;
  tables = 0;
  commandKeys: readonly string[];
  answer: Answer = async () => ({});
  #heard: (() => void)[] = [];

  constructor({ context }: Daemon, signer: TestSigner = aSigner()) {
    this.context = context;
    this.signer = signer;
    this.commandKeys = [signer.publicPem];
    this.folder = join(context.keptRoot, "fleet");
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
  }

  get membership(): FleetSide["membership"] {
    const { commandKeys } = this;
    const names = { host: HOST, name: "a host", fleet: "a fleet", group: "web" };
    const labels = { rack: "7" };
    return { ...names, labels, url: "https://fleet", servers: [], commandKeys, joined: 0 };
  }

  ask(kind: AskKind, body: object): Promise<Record<string, unknown>> {
    return this.answer(kind, { v: 1, ...body });
  }

  async report(items: readonly Item[]): Promise<void> {
    this.items.push(...items);
    for (const heard of this.#heard.splice(0)) heard();
  }

  setCommandKeys(keys: readonly string[]): void {
    this.commandKeys = keys;
  }

  tellTable(): void {
    this.tables += 1;
  }

  tell(_: string, text: string): void {
    this.told.push(text);
  }

  /** The text of a command, signed. */
  signed(order: Ordered, signer: TestSigner = this.signer): string {
    return signCommand(this.body(order), signer);
  }

  body(order: Ordered): CommandBody {
    ids += 1;
    const now = Date.now();
    const head = {
      v: 1,
      id: idOf(ids),
      by: "ann",
      role: "operator",
    };
    const target = { hosts: [HOST], select: { all: true } };
    return { ...head, target, issued: now, expires: now + 60_000, ...order } as CommandBody;
  }

  /** The first item that this finds, once it is there. */
  async item<T extends Item>(find: (item: Item) => item is T): Promise<T> {
    for (;;) {
      const found = this.items.find(find);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#heard.push(resolve));
    }
  }

  /** The last word on a command. */
  result(id: string): Promise<ResultItem> {
    return this.item((item): item is ResultItem => item.kind === "result" && item.command === id);
  }
}

/** 26 characters of base32. */
function idOf(n: number): string {
  return n.toString(2).padStart(26, "0").replaceAll("0", "a").replaceAll("1", "b");
}
