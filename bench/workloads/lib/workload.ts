// SPDX-License-Identifier: Apache-2.0
// What a workload of the corpus is: a real program, a driver that starts, exercises and stops it as one command, and attacks on it.

/** How a command ended. */
export interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What is made once and used by all runs of a workload: templates, caches, keys. Kept between benches. */
export interface Site {
  /** Belongs to this workload alone; readable by everybody. */
  readonly folder: string;
  /**
   * A compiled program that every driver runs as a check of its service's health (it says "healthy" and ends), so that every model knows
   * it; attacks make it hostile (bench/workloads/lib/health.c).
   */
  readonly health: string;
  /** Runs a command outside Galgo, in the site's folder. @throws Error when it fails */
  make(command: readonly string[], options?: MakeOptions): string;
}

export interface MakeOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Name of an account. */
  readonly user?: string;
}

/** One run: a fresh folder, other ports, other names. The same seed gives the same choices. */
export interface FreshRun {
  readonly site: Site;
  readonly seed: number;
  /** Fresh, empty but for `home`; mode 0755. */
  readonly folder: string;
  /** HOME of the workload; below the folder. */
  readonly home: string;
  /** PATH, HOME, LANG and the like; a command may add to it. */
  readonly env: Readonly<Record<string, string>>;
  /** Shell text for the place in the driver where an attack begins: when the service is up and has worked. ":" in normal runs. */
  readonly inject: string;
  /** A pseudo-random whole number from 0, less than `below`. */
  random(below: number): number;
  /** A pseudo-random port (20000 to 29999) that is free now. */
  port(): Promise<number>;
  /** Writes a file below the folder and makes the folders above it. @returns its path */
  write(name: string, text: string | Uint8Array, mode?: number): string;
  /** Copies a file or folder of the site. @returns where it is now */
  copy(from: string, to?: string): string;
  /** Gives a file or folder, with all that is in it, to an account. */
  give(path: string, user: string): void;
}

/** What is run, under Galgo or plain. The working directory is the run's folder. */
export interface WorkloadCommand {
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** What attacks use outside of the workload. Listeners are there before it starts and gone after it. */
export interface AttackWorld {
  /** A listener of a kind that an attack asked for: on 127.0.0.1. */
  readonly port: number;
  /** The same listener, at an address to which nothing else connects. */
  readonly otherHost: string;
  /** What connected and what it sent, one text for each connection. */
  readonly heard: readonly string[];
  /** A secret line of /etc/shadow, or of a file of the same kind that attacks read. */
  readonly secret: string;
}

/** An injected behaviour: the normal work and the attack. */
export interface Attack {
  /** As in tables: "cat /etc/shadow". */
  readonly name: string;
  /**
   * What Galgo does on the violation: `deny` the call (the default), or `kill` the workload, as is advised for servers: one that was refused
   * something may not accept connections any more, and who talks to it waits.
   */
  readonly policy?: "deny" | "kill";
  /** Changes the fresh folder before the run, outside Galgo: a link in a document root. */
  arrange?(run: FreshRun, world: AttackWorld): void;
  /** Shell text (bash) for the driver's place of injection; it may use the driver's variables. */
  inject(run: FreshRun, world: AttackWorld): string;
  /** What harm was done, in words; undefined when none was. */
  harm(run: FreshRun, world: AttackWorld, ended: Ended): string | undefined;
}

/** A program of the corpus. */
export interface Workload {
  /** Short; also the name of its model and its runs. */
  readonly name: string;
  /** What is done, for tables. */
  readonly label: string;
  /** Absolute paths of what has to be there; bench/workloads/packages.txt says which package has it. */
  readonly needs: readonly string[];
  /** Once on a machine, outside Galgo, in the folder of the site. */
  prepare?(site: Site): void | Promise<void>;
  /** Fills the fresh folder, outside Galgo, and says what to run. It has to end by itself within a few seconds. */
  command(run: FreshRun): WorkloadCommand | Promise<WorkloadCommand>;
  /** What is wrong with the way a normal run ended; undefined when nothing is. */
  check(run: FreshRun, ended: Ended): string | undefined;
  /** At least five. */
  readonly attacks: readonly Attack[];
}
