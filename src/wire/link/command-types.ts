// SPDX-License-Identifier: Apache-2.0
// Commands of the fleet to its hosts: what they say, and the limits that both sides keep.

/** What can be ordered. `key`: another key signs commands from now on. `table`: tell all workloads again. */
export const COMMAND_KINDS = [
  "seal",
  "enforce",
  "detect",
  "kill",
  "attest",
  "model",
  "table",
  "key",
] as const;

export type CommandKind = (typeof COMMAND_KINDS)[number];

/** Who may order anything. Viewers can not even be named in a command. */
export const COMMAND_ROLES = ["operator", "admin"] as const;

export type CommandRole = (typeof COMMAND_ROLES)[number];

/** Of a DSSE envelope with a command. */
export const COMMAND_PAYLOAD_TYPE = "application/vnd.galgo.command+json";
/** Workloads, names, models or labels that a selector lists. */
export const MAX_SELECTED = 200;
/** From issue to expiry. Hosts remember the ids of commands so long, so it is bounded. */
export const MAX_COMMAND_LIFE_MS: number = 7 * 24 * 3_600_000;
/** So far the clock of a host may be behind that of the fleet. */
export const MAX_COMMAND_AHEAD_MS = 60_000;

/** Which workloads of a host are meant: all, or those for which every member that is there holds. */
export type WorkloadSelector =
  | { readonly all: true }
  | {
      /** Ids of runs. */
      readonly workloads?: readonly string[];
      /** Names of workloads; `*` stands for any characters. */
      readonly names?: readonly string[];
      /** Digests of the models that they run under, hex. */
      readonly models?: readonly string[];
      /** Each has to be a label of the workload or of its host. */
      readonly labels?: Readonly<Record<string, string>>;
      /** Of the host. */
      readonly group?: string;
    };

export interface CommandTarget {
  /** Ids of hosts: at most MAX_TARGETS of them; for more there are several envelopes with the same id of the command. */
  readonly hosts: "all" | readonly string[];
  readonly select: WorkloadSelector;
}

/** What each kind of command needs to be told. */
export interface CommandArgs {
  readonly seal: Readonly<Record<never, never>>;
  readonly enforce: Readonly<Record<never, never>>;
  readonly detect: Readonly<Record<never, never>>;
  readonly kill: Readonly<Record<never, never>>;
  readonly attest: {
    /** The challenge, hex, 16 to 64 bytes. */
    readonly nonce: string;
  };
  /** Workloads of this name run under the model with this digest (SHA-256 of its canonical bytes, hex) from their next start on. */
  readonly model: {
    readonly name: string;
    /** null: no model of the fleet any more, but what the host has itself */
    readonly digest: string | null;
  };
  readonly table: Readonly<Record<never, never>>;
  readonly key: {
    /** PEM text of the new key; the command is signed with the old one. */
    readonly publicKey: string;
  };
}

export interface CommandHead {
  readonly v: 1;
  /** 26 base32 characters, never used again. */
  readonly id: string;
  readonly target: CommandTarget;
  /** Milliseconds since 1970, as the other times. */
  readonly issued: number;
  readonly expires: number;
  /** Name of the user. */
  readonly by: string;
  readonly role: CommandRole;
}

/** A command of one kind. */
export interface CommandOf<Kind extends CommandKind> extends CommandHead {
  readonly kind: Kind;
  readonly args: CommandArgs[Kind];
}

/** What is signed. */
export type CommandBody = { readonly [Kind in CommandKind]: CommandOf<Kind> }[CommandKind];
