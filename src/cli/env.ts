// SPDX-License-Identifier: Apache-2.0
// Every environment variable that Galgo reads, in one list. `galgo doctor` prints the ones that are set.

export interface EnvVariable {
  readonly name: string;
  readonly meaning: string;
}

export const ENV_VARIABLES: readonly EnvVariable[] = [
  {
    name: "GALGO_STATE_DIR",
    meaning: "where runs are kept instead of the default state directory",
  },
  {
    name: "GALGO_RUN_DIR",
    meaning: "where the daemon's sockets are instead of /run/galgo or $XDG_RUNTIME_DIR/galgo",
  },
  {
    name: "GALGO_LAUNCHER",
    meaning: "path of the native launcher to use instead of the built one",
  },
  { name: "GALGO_NO_NATIVE", meaning: "1: start workloads without the native launcher (slower)" },
  {
    name: "GALGO_TSEM_DIR",
    meaning: "where the files of a TSEM kernel are instead of /sys/kernel/security/tsem",
  },
  { name: "GALGO_LIBBPF", meaning: "path of libbpf to use instead of the installed libbpf.so.1" },
  {
    name: "GALGO_MARKS",
    meaning: "set inside of a learning run: the directory where tests are marked (galgo mark)",
  },
  { name: "GALGO_DEBUG", meaning: "1: show where an error of Galgo comes from" },
  { name: "XDG_STATE_HOME", meaning: "parent of the default state directory of ordinary users" },
  {
    name: "REGISTRY_AUTH_FILE",
    meaning: "file with the logins of registries (galgo push, galgo pull), as Podman has it",
  },
  {
    name: "DOCKER_CONFIG",
    meaning: "folder of the config.json with the logins of registries, as docker has it",
  },
  { name: "NO_COLOR", meaning: "set: no colours" },
  { name: "FORCE_COLOR", meaning: "set: colours even when the output is not a terminal" },
];

/** The listed variables that are set, with their values. */
export function setVariables(
  env: Readonly<Record<string, string | undefined>>,
): { name: string; value: string }[] {
  return ENV_VARIABLES.flatMap(({ name }) => {
    const value = env[name];
    return value === undefined ? [] : [{ name, value }];
  });
}
