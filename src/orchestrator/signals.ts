// SPDX-License-Identifier: Apache-2.0
// What Galgo does with signals while a workload runs: the workload gets them, Galgo outlives it to report.
import { readFileSync } from "node:fs";

export interface SignalReceiver {
  /** Passes a signal on to the workload's first process. */
  forward(signal: NodeJS.Signals): void;
  /** Ends the workload as a whole. */
  kill(reason: string): void;
}

/** Sent by the terminal to its whole foreground process group, the workload included. */
const FROM_TERMINAL: readonly NodeJS.Signals[] = ["SIGINT", "SIGQUIT"];
/** Ask for the end: the first is passed on, the second ends the workload. */
const ENDING: ReadonlySet<NodeJS.Signals> = new Set(["SIGTERM", "SIGHUP", "SIGINT"]);
const PASSED_ON: readonly NodeJS.Signals[] = ["SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"];

/** Takes signals over until the returned function is called. */
export function takeSignals(receiver: SignalReceiver): () => void {
  const asked = new Map<NodeJS.Signals, number>();
  const pass = (signal: NodeJS.Signals): void => {
    const times = (asked.get(signal) ?? 0) + 1;
    asked.set(signal, times);
    if (times > 1 && ENDING.has(signal)) receiver.kill(`asked twice to end (${signal})`);
    else receiver.forward(signal);
  };
  const fromTerminal = (signal: NodeJS.Signals): void => {
    // the workload has it already; sending it again would make two of one key press
    if (!inForeground(ownStat())) pass(signal);
  };
  for (const signal of PASSED_ON) process.on(signal, pass);
  for (const signal of FROM_TERMINAL) process.on(signal, fromTerminal);
  return () => {
    for (const signal of PASSED_ON) process.off(signal, pass);
    for (const signal of FROM_TERMINAL) process.off(signal, fromTerminal);
  };
}

function ownStat(): string {
  try {
    return readFileSync("/proc/self/stat", "utf8");
  } catch {
    return "";
  }
}

/**
 * True when the process of this /proc/PID/stat line belongs to the foreground process group of its terminal, which is
 * the group that the terminal's own signals go to.
 */
export function inForeground(stat: string): boolean {
  // the name in parentheses may hold anything, so count from its end: state ppid pgrp session tty_nr tpgid
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [, , group, , , foreground] = fields;
  return group !== undefined && group === foreground;
}
