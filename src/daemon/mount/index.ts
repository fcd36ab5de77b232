// SPDX-License-Identifier: Apache-2.0
// The namespaces of a daemon as pseudo-files with TSEM's names: galgo mount.
import { Filesystem } from "./filesystem.ts";
import { mountAt } from "./place.ts";
import type { MountWay } from "./place.ts";
import { FuseSession } from "./session.ts";
import type { NamespaceSource } from "./source.ts";
export { daemonSource } from "./daemon-source.ts";
export { MountError } from "./errors.ts";
export type { NamespaceSource } from "./source.ts";

export interface MountRequest {
  /** An existing directory. */
  readonly folder: string;
  readonly source: NamespaceSource;
  /** Default: the system call for root, the helper for others. */
  readonly way?: MountWay;
}

export interface MountedNamespaces {
  /** Absolute path of the mount. */
  readonly folder: string;
  /** Settles when the mount is gone: closed here, or unmounted by somebody. */
  readonly ended: Promise<void>;
  /** Takes the mount away; who has a file of it open gets an error from now on. */
  close(): void;
}

/** Mounts and serves. @throws MountError NO_DIRECTORY, NOT_MOUNTED */
export function mountNamespaces({ folder, source, way }: MountRequest): MountedNamespaces {
  const user = process.getuid?.() ?? 0;
  const place = mountAt(folder, way ?? (user === 0 ? "mount" : "fusermount3"));
  const filesystem = new Filesystem(source, user);
  const session = new FuseSession(place.fuseFd, filesystem);
  const ended = session.ended.finally(() => {
    // unmounted by somebody; or only the connection has ended: a dead mount would be left
    place.unmount();
    filesystem.close();
  });
  return {
    folder: place.folder,
    ended,
    close: () => {
      place.unmount();
      session.close();
    },
  };
}
