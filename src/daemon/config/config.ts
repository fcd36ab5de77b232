// SPDX-License-Identifier: Apache-2.0
// The daemon's configuration: what its file says, with defaults.

export interface DaemonConfig {
  /** The file; undefined: there is none. */
  readonly file: string | undefined;
  readonly daemon: {
    /** Name of the group whose members may use the daemon. */
    readonly group?: string;
    /** Folder of model files. */
    readonly models?: string;
  };
}

export const DEFAULT_CONFIG: DaemonConfig = { file: undefined, daemon: {} };
