// SPDX-License-Identifier: Apache-2.0
// How the environment of a workload gets through a launcher that runs in Node.

/** The workload's variables are carried under other names: Node itself would act on some of them. */
const ENV_PREFIX = "GALGO_ENV_";

/** The environment of a launcher in Node: that of the workload, carried. */
export function carryEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).map(([name, value]) => [ENV_PREFIX + name, value]));
}

/** What was carried, as execve(2) takes it. */
export function carriedEnvironment(): string[] {
  return Object.entries(process.env)
    .filter(([name]) => name.startsWith(ENV_PREFIX))
    .map(([name, value]) => `${name.slice(ENV_PREFIX.length)}=${value}`);
}
