// SPDX-License-Identifier: Apache-2.0
// What Galgo does with signals while a workload runs: the workload gets them, Galgo outlives it to report.

export interface SignalReceiver {
  /**
   * Passes a signal on to the workload's first process. The terminal sends its signals to the workload as well; that it
   * does not get them twice is seen to by the guard.
   */
  forward(signal: NodeJS.Signals): void;
  /** Ends the workload as a whole. */
  kill(reason: string): void;
  /**
   * Leaves a workload that was there before to the kernel, which goes on refusing what is outside of its model.
   * @returns false: it is no such workload, or nothing is refused
   */
  leave?(reason: string): boolean;
  /** Somebody wants Galgo itself to end; called before the signal is passed on. */
  asked(signal: NodeJS.Signals): void;
  /** True when the first process has ended and others go on: nobody is left to pass a signal on to. */
  firstHasEnded(): boolean;
  /** A service manager is at the other end: a signal means the same however often it comes (reload). */
  readonly passesAll?: boolean;
  /** True when whoever started Galgo ignores it (nohup). */
  ignores(signal: NodeJS.Signals): boolean;
}

/** SIGUSR1 must be taken too: left alone it opens Node's debugger to whoever may signal us. */
const TAKEN: readonly NodeJS.Signals[] = [
  "SIGINT",
  "SIGQUIT",
  "SIGTERM",
  "SIGHUP",
  "SIGUSR1",
  "SIGUSR2",
];
/** These mean Galgo; the second one ends the workload. Not SIGINT: programs want to hear Ctrl-C many times. */
const ASKING: ReadonlySet<NodeJS.Signals> = new Set(["SIGTERM", "SIGHUP"]);
const ENDING: ReadonlySet<NodeJS.Signals> = new Set(["SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP"]);

/** Takes signals over until the returned function is called. */
export function takeSignals(receiver: SignalReceiver): () => void {
  const take = signalTaker(receiver);
  for (const signal of TAKEN) process.on(signal, take);
  return () => {
    for (const signal of TAKEN) process.off(signal, take);
  };
}

/** What is done with each signal that comes for a run, in the order in which they come. */
export function signalTaker(receiver: SignalReceiver): (signal: NodeJS.Signals) => void {
  if (receiver.passesAll === true) return serviceSignalTaker(receiver);
  const asked = new Set<NodeJS.Signals>();
  return (signal) => {
    if (receiver.ignores(signal)) return;
    const again = asked.has(signal);
    asked.add(signal);
    if (ASKING.has(signal) && !again) receiver.asked(signal);
    if (again && ASKING.has(signal) && !receiver.firstHasEnded())
      receiver.kill(`${signal} for the second time`);
    else passOn(receiver, signal);
  };
}

/** SIGHUP of a service manager means "read your configuration again", and a second SIGTERM what the first did. */
function serviceSignalTaker(receiver: SignalReceiver): (signal: NodeJS.Signals) => void {
  return (signal) => {
    if (receiver.ignores(signal)) return;
    if (signal === "SIGTERM") receiver.asked(signal);
    passOn(receiver, signal);
  };
}

function passOn(receiver: SignalReceiver, signal: NodeJS.Signals): void {
  if (receiver.firstHasEnded() && ENDING.has(signal))
    receiver.kill(`${signal} after the command had ended`);
  else receiver.forward(signal);
}
