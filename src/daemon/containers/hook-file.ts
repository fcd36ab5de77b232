// SPDX-License-Identifier: Apache-2.0
// The file by which Podman and CRI-O run the hook: oci-hooks(5), for a folder like /usr/share/containers/oci/hooks.d.

export interface HookFileOptions {
  /** The native program. */
  readonly program: string;
  readonly socket: string;
  /** For every container, not only for those with annotations for Galgo; and none starts without a daemon. */
  readonly always: boolean;
}

/** As it is printed. */
export interface HookFile {
  readonly version: "1.0.0";
  readonly hook: { readonly path: string; readonly args: readonly string[] };
  readonly when: { readonly always: true } | { readonly annotations: Record<string, string> };
  readonly stages: readonly ["createRuntime"];
}

export function hookFile({ program, socket, always }: HookFileOptions): HookFile {
  const args = ["galgo-oci-hook", "--socket", socket, ...(always ? ["--always"] : [])];
  return {
    version: "1.0.0",
    hook: { path: program, args },
    when: always ? { always } : { annotations: { "^dev\\.galgo\\.": ".*" } },
    stages: ["createRuntime"],
  };
}
