// SPDX-License-Identifier: Apache-2.0
// The fleet's HTTP API for those who operate it: who they are, what they order, roll-outs, models, evidence, and the record of all that.
// Times are milliseconds since 1970. Text that hosts have sent is as they sent it: whoever shows it makes it harmless.
import type { ReportDiff } from "../../model/report/data.ts";
import type { CommandKind, CommandTarget } from "../link/command-types.ts";
import type { Role } from "./common.ts";

/** `POST login` */
export interface LoginOrder {
  readonly user: string;
  readonly password: string;
}

/** `GET me`, and the answer of `POST login` */
export interface Me {
  /** Name to log in with. */
  readonly user: string;
  /** For people. */
  readonly name: string;
  readonly role: Role;
  /** Empty for API tokens, which need none. */
  readonly csrf: string;
  /** When the session or the API token ends, whatever is done with it. */
  readonly expires: number;
}

/** `GET login-ways` */
export interface LoginWays {
  /** Where a login at another service begins; absent: there is none. */
  readonly oidc?: { readonly name: string; readonly url: string };
}

/** `GET users` */
export interface UserRow {
  readonly user: string;
  readonly name: string;
  readonly role: Role;
  readonly kind: "password" | "oidc";
  readonly disabled: boolean;
  readonly created: number;
  readonly lastLogin?: number;
}

/** `POST users` */
export interface UserOrder {
  readonly user: string;
  readonly name?: string;
  readonly role: Role;
  readonly password: string;
}

/** `POST users/USER`: only what is there is changed. */
export interface UserChange {
  readonly name?: string;
  readonly role?: Role;
  readonly password?: string;
  readonly disabled?: boolean;
}

/** `POST me/password`. All sessions of the user end, this one too. */
export interface PasswordOrder {
  readonly old: string;
  readonly password: string;
}

/** `GET api-tokens`: one's own; of all users for admins. */
export interface ApiTokenRow {
  readonly id: string;
  readonly user: string;
  readonly name: string;
  readonly role: Role;
  readonly created: number;
  readonly expires: number;
  readonly lastUsed?: number;
}

/** `POST api-tokens`: for oneself, with one's own role at most. */
export interface ApiTokenOrder {
  readonly name: string;
  readonly role: Role;
  /** Days from now. */
  readonly days: number;
}

/** The token is told once. */
export interface ApiTokenMade extends ApiTokenRow {
  readonly token: string;
}

/** `GET audit` */
export interface AuditRow {
  readonly id: string;
  readonly at: number;
  /** Name of a user; `server`, or `rollout ID` for what happened by itself. */
  readonly who: string;
  readonly role: string;
  /** How the user was known. */
  readonly via: "session" | "token" | "local" | "oidc" | "none" | "server";
  /** What was to be done: `user.add`, `command.kill`. */
  readonly action: string;
  /** With what. */
  readonly target: string;
  /** `begun` for ever: the server ended in the middle of it. */
  readonly result: "begun" | "done" | "refused" | "failed";
  readonly words: string;
  /** Network address it came from. */
  readonly address: string;
}

/** `POST commands` */
export interface CommandOrder {
  readonly kind: CommandKind;
  /** `hosts` may also be names of hosts; hosts without any workload that is meant are left out. */
  readonly target: CommandTarget;
  readonly args?: Readonly<Record<string, unknown>>;
  /** Until it expires. */
  readonly seconds?: number;
}

/** `waiting`: no answer. `expired`: nor will there be one. */
export type HostStatus = "waiting" | "progress" | "done" | "failed" | "refused" | "expired";

export interface CommandHosts {
  readonly total: number;
  readonly done: number;
  readonly failed: number;
  readonly refused: number;
  readonly waiting: number;
  readonly expired: number;
}

/** `GET commands`, and the event `command` */
export interface CommandRow {
  readonly id: string;
  readonly kind: CommandKind;
  readonly target: CommandTarget;
  readonly args: Readonly<Record<string, unknown>>;
  /** In a line. */
  readonly words: string;
  readonly by: string;
  readonly role: string;
  readonly issued: number;
  readonly expires: number;
  /** Roll-out that it belongs to. */
  readonly rollout?: string;
  readonly hosts: CommandHosts;
}

/** `GET commands/ID/results` */
export interface CommandResultRow {
  readonly host: string;
  readonly hostName: string;
  readonly status: HostStatus;
  readonly words: string;
  /** Of the answer. */
  readonly at?: number;
  /** Of each workload, where the host has told. */
  readonly workloads: readonly {
    readonly id: string;
    readonly status: string;
    readonly words: string;
  }[];
}

export type RolloutState =
  | "running"
  | "paused"
  | "rolling-back"
  | "stopped"
  | "rolled-back"
  | "done";

/** `POST rollouts`: exactly one of `digest` and `mode`. */
export interface RolloutOrder {
  /** Name of the workloads. */
  readonly name: string;
  /** Model that they get. */
  readonly digest?: string;
  /** What they are switched to. */
  readonly mode?: "enforce" | "detect";
  /** Percent of the hosts, ascending, the last 100. */
  readonly shares?: readonly number[];
  /** How long nothing may go wrong after each step. */
  readonly watchSeconds?: number;
  /** Hosts of one step that may fail without stopping it. */
  readonly maxFailed?: number;
  /** New violations of all steps that do not stop it. */
  readonly maxViolations?: number;
  /** Until hosts have failed that are connected and do not answer. */
  readonly answerSeconds?: number;
  /** Hosts that are meant; all that have a workload of the name, when it is absent. */
  readonly hosts?: readonly string[];
}

export interface RolloutStepRow {
  /** Percent of all hosts when it has ended. */
  readonly share: number;
  readonly hosts: number;
  readonly done: number;
  readonly failed: number;
  /** Not connected when the step began: they get it when they are back, and nobody waits for them. */
  readonly absent: number;
  readonly violations: number;
  readonly state: "waiting" | "running" | "watching" | "passed" | "failed";
  readonly started?: number;
  readonly ended?: number;
  readonly watchSeconds: number;
}

/** `GET rollouts`, `GET rollouts/ID`, and the event `rollout` */
export interface RolloutRow {
  readonly id: string;
  readonly name: string;
  /** Digest of the model; empty when it is about the mode. */
  readonly model: string;
  readonly mode?: "enforce" | "detect";
  readonly state: RolloutState;
  /** Why it has stopped. */
  readonly reason?: string;
  readonly created: number;
  readonly by: string;
  readonly steps: readonly RolloutStepRow[];
}

/** `GET models` */
export interface ModelRow {
  /** SHA-256 of the canonical model, hex. */
  readonly digest: string;
  readonly name: string;
  /** From 1, in the order in which they came here. */
  readonly version: number;
  /** Of the model that behaviours were added to. */
  readonly parent?: string;
  readonly behaviours: number;
  readonly sealed: boolean;
  /** State value of the model. */
  readonly state: string;
  readonly bytes: number;
  /** Names of the keys. */
  readonly signedBy: readonly string[];
  /** Running ones that have it. */
  readonly workloads: number;
  readonly violations: number;
  readonly added: number;
  readonly by: string;
  readonly reason?: string;
}

/** `POST models/DIGEST/approve` */
export interface ApproveOrder {
  readonly coefficients: readonly string[];
  readonly reason: string;
}

/** `GET models/DIGEST/diff?with=DIGEST` */
export interface ModelDiffAnswer {
  /** Digest of the model that it is compared with. */
  readonly other: string;
  /** Kinds of behaviours, by the numbers in `diff`. */
  readonly kinds: readonly string[];
  readonly diff: ReportDiff;
  /** Coefficients that nobody has described here. */
  readonly unnamed: { readonly more: readonly string[]; readonly less: readonly string[] };
}

/** `GET model-keys`: whose signatures of models count. */
export interface ModelKeyRow {
  readonly id: string;
  readonly name: string;
  readonly publicKey: string;
  /** The fleet's own, which signs approved versions. */
  readonly own: boolean;
  readonly added: number;
  readonly by: string;
}

/** `GET attestations`, `GET attestations/ID` */
export interface AttestationRow {
  readonly id: string;
  readonly host: string;
  readonly hostName: string;
  /** HOST~RUN */
  readonly workload: string;
  readonly name: string;
  readonly at: number;
  /** Absent: not appraised yet. */
  readonly accepted?: boolean;
  readonly reasons: readonly { readonly reason: string; readonly why: string }[];
  /** What the verdict does not vouch for. */
  readonly gaps: readonly string[];
  /** As it was received. */
  readonly token: string;
  readonly nonce: string;
  /** So that a page can verify the same under the same terms. */
  readonly policy?: {
    readonly name: string;
    readonly text: string;
    readonly files: Readonly<Record<string, string>>;
  };
}
