// SPDX-License-Identifier: Apache-2.0
// What the createRuntime hook is told: whether a container may start, found out before its filter is there, so that the runtime can show
// people the reason. The answer is a digit (0: it may), then a sentence.
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { quote } from "../../base/quote.ts";
import type { Peer } from "../../native/unix-socket.ffi.ts";
import type { DaemonContext } from "../part.ts";
import { isAddressed } from "./choice.ts";
import { ContainerError, messageOf } from "./errors.ts";
import { MAX_ANSWER_CHARACTERS, MAX_BUNDLE_BYTES } from "./limits.ts";
import { containerRun } from "./order.ts";
import { type ContainerState, parseHookState } from "./state.ts";
import { requireRuntime } from "./trust.ts";

type Context = Pick<
  DaemonContext,
  "config" | "models" | "requirement" | "stateRoot" | "env" | "sockets" | "registry"
>;

/** @param peer the hook's process */
export function hookAnswer(text: string, context: Context, peer: Peer): string {
  try {
    requireRuntime(peer, context.registry.list());
    const container = parseHookState(text);
    const bundle = bundleOf(container);
    const annotations = { ...bundle.annotations, ...container.annotations };
    const leadsHere = bundle.listenerPath === context.sockets.seccomp;
    if (!leadsHere && !isAddressed(annotations)) return "0";
    if (!leadsHere) throw elsewhere(bundle.listenerPath, context.sockets.seccomp);
    const metadata = bundle.listenerMetadata ?? "";
    const whole = { ...container, annotations };
    containerRun({ container: whole, metadata, runtimePid: peer.pid }, context);
    return "0";
  } catch (error) {
    return `1${messageOf(error).slice(0, MAX_ANSWER_CHARACTERS)}`;
  }
}

function elsewhere(path: string | undefined, wanted: string): ContainerError {
  const problem =
    path === undefined
      ? "its seccomp profile has no listener"
      : `the listener of its seccomp profile is ${quote(path)}`;
  return new ContainerError(
    "BAD_ORDER",
    `the container has annotations for Galgo, but ${problem}: galgo container profile prints one for ${quote(wanted)}`,
  );
}

interface Bundle {
  readonly annotations: Readonly<Record<string, string>>;
  readonly listenerPath: string | undefined;
  readonly listenerMetadata: string | undefined;
}

interface BundleConfig {
  readonly annotations?: Readonly<Record<string, string>>;
  readonly linux?: {
    readonly seccomp?: { readonly listenerPath?: string; readonly listenerMetadata?: string };
  };
}

/** @throws ContainerError BAD_STATE */
function bundleOf({ bundle }: ContainerState): Bundle {
  const file = join(bundle, "config.json");
  let config: BundleConfig;
  try {
    if (statSync(file).size > MAX_BUNDLE_BYTES) throw new Error("too large");
    config = JSON.parse(readFileSync(file, "utf8")) as BundleConfig;
  } catch (cause) {
    throw new ContainerError("BAD_STATE", `can not read the bundle's ${quote(file)}`, { cause });
  }
  const seccomp = config.linux?.seccomp;
  return {
    annotations: config.annotations ?? {},
    listenerPath: seccomp?.listenerPath,
    listenerMetadata: seccomp?.listenerMetadata,
  };
}
