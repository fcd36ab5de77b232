// SPDX-License-Identifier: Apache-2.0
// What a host keeps of its membership: who it is in the fleet, its key, its right to connect, whom it believes. Files for its user alone.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod/mini";
import { quote } from "../../base/quote.ts";
import { writeAtomic } from "../../orchestrator/inspect/index.ts";
import { isHostId } from "../../wire/link/index.ts";
import { FleetError } from "./errors.ts";
import { type HostKey, hostKey } from "./nkey.ts";
import { placeOf } from "./spool/files.ts";

export interface Membership {
  /** Of this host, given by the fleet. */
  readonly host: string;
  /** What people call it. */
  readonly name: string;
  /** What people call the fleet. */
  readonly fleet: string;
  /** Of the fleet (https). */
  readonly url: string;
  /** Of its bus. */
  readonly servers: readonly string[];
  readonly group?: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Public keys (PEM): whose commands count. */
  readonly commandKeys: readonly string[];
  /** ms since 1970 */
  readonly joined: number;
}

/** Folder of all of it, in the one of what the daemon keeps. */
export function fleetFolder(keptRoot: string): string {
  return join(keptRoot, "fleet");
}

const FILE = "membership.json";
const KEY_FILE = "host.nk";
const JWT_FILE = "host.jwt";
const CA_FILE = "ca.pem";
/** Ends the name of the membership that is being left. */
const LEFT = ".left";
/** While it is tried whether the folder can be written. */
const PROBE_FILE = "probe";
const PROBE_BYTES = 64 * 1024;
/** Runs of which nothing is in a parcel yet. */
export const BEGUN_FILE = "begun.jsonl";
/** Folder of parcels that wait. */
export const SPOOL_FOLDER = "spool";

export class MembershipFiles {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** undefined: this host has not joined. @throws FleetError BAD_MEMBERSHIP */
  read(): Membership | undefined {
    const text = this.#text(FILE);
    if (text === undefined) return undefined;
    try {
      const read = membershipSchema().safeParse(JSON.parse(text));
      if (read.success) return read.data;
    } catch {
      // said below
    }
    throw this.#bad(FILE);
  }

  /** @throws FleetError BAD_MEMBERSHIP */
  key(): HostKey {
    try {
      return hostKey(this.#required(KEY_FILE).trim());
    } catch (cause) {
      throw cause instanceof FleetError ? cause : this.#bad(KEY_FILE, cause);
    }
  }

  /** The right to connect. @throws FleetError BAD_MEMBERSHIP */
  jwt(): string {
    return this.#required(JWT_FILE).trim();
  }

  /** PEM. @throws FleetError BAD_MEMBERSHIP */
  ca(): string {
    return this.#required(CA_FILE);
  }

  /**
   * Before anybody is asked: what an earlier membership has left here must not become part of a new one, and a token that counts once is not used up
   * for nothing. @throws FleetError NOT_WRITABLE
   */
  prepare(): void {
    try {
      this.remove();
    } catch (cause) {
      throw notWritable(this.folder, cause);
    }
    this.#write(PROBE_FILE, "0".repeat(PROBE_BYTES));
    rmSync(join(this.folder, PROBE_FILE));
  }

  /** Each file is there before the one that says that the host has joined. @throws FleetError NOT_WRITABLE */
  write(
    membership: Membership,
    parts: { readonly key: HostKey; readonly jwt: string; readonly ca: string },
  ): void {
    this.#write(KEY_FILE, `${parts.key.seed}\n`);
    this.#write(JWT_FILE, `${parts.jwt}\n`);
    this.#write(CA_FILE, parts.ca);
    this.#write(FILE, textOf(membership));
  }

  /** Nothing when the host has left meanwhile. @throws FleetError NOT_WRITABLE */
  change(membership: Membership): void {
    if (existsSync(join(this.folder, FILE))) this.#write(FILE, textOf(membership));
  }

  /** @throws FleetError NOT_WRITABLE */
  renew(jwt: string): void {
    this.#write(JWT_FILE, `${jwt}\n`);
  }

  /** From now on the host has not joined; the rest can be removed when the daemon has noticed. */
  forget(): void {
    const file = join(this.folder, FILE);
    if (existsSync(file)) renameSync(file, file + LEFT);
  }

  /** Somebody was killed while he left. */
  get isBeingLeft(): boolean {
    return existsSync(join(this.folder, FILE + LEFT));
  }

  /** It has joined all the same. */
  recall(): void {
    const file = join(this.folder, FILE);
    if (existsSync(file + LEFT)) renameSync(file + LEFT, file);
  }

  /**
   * For who can not ask the daemon: parcels on the disk that are not known to be in the fleet's database, and one for runs that a daemon which was
   * killed had begun and said nothing of yet.
   */
  waiting(): number {
    const folder = join(this.folder, SPOOL_FOLDER);
    const begun = this.#text(BEGUN_FILE) ?? "";
    const names = existsSync(folder) ? readdirSync(folder) : [];
    const kept = names.filter((name) => placeOf(name)?.left === "kept");
    return kept.length + (begun === "" ? 0 : 1);
  }

  /** With what the fleet was not told. */
  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #required(name: string): string {
    const text = this.#text(name);
    if (text === undefined) throw this.#bad(name);
    return text;
  }

  #text(name: string): string | undefined {
    const path = join(this.folder, name);
    return existsSync(path) ? readFileSync(path, "utf8") : undefined;
  }

  #write(name: string, text: string): void {
    try {
      mkdirSync(this.folder, { recursive: true, mode: 0o700 });
      writeAtomic(join(this.folder, name), text, { mode: 0o600, durable: true });
    } catch (cause) {
      throw notWritable(join(this.folder, name), cause);
    }
  }

  #bad(name: string, cause?: unknown): FleetError {
    const path = quote(join(this.folder, name));
    return new FleetError(
      "BAD_MEMBERSHIP",
      `${path} is missing or can not be understood: leave the fleet (galgo fleet leave --force) and join it anew`,
      { cause },
    );
  }
}

function notWritable(path: string, cause: unknown): FleetError {
  const { code = String(cause) } = cause as NodeJS.ErrnoException;
  return new FleetError("NOT_WRITABLE", `can not write ${quote(path)} (${code})`, { cause });
}

function textOf(membership: Membership): string {
  return `${JSON.stringify(membership, null, 2)}\n`;
}

function membershipSchema(): z.ZodMiniType<Membership> {
  const text = z.string().check(z.minLength(1));
  return z.strictObject({
    host: z.string().check(z.refine(isHostId)),
    name: text,
    fleet: z.string(),
    url: text,
    servers: z.array(text),
    group: z.exactOptional(text),
    labels: z.record(z.string(), z.string()),
    commandKeys: z.array(text),
    joined: z.number(),
  });
}
