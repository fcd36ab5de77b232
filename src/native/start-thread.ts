// SPDX-License-Identifier: Apache-2.0
// Starts a worker thread from a module of this package, also when it runs from source.
import { Worker } from "node:worker_threads";
import type { WorkerOptions } from "node:worker_threads";

/**
 * The module beside `from` (an import.meta.url) with this base name, whatever its extension is after a build.
 */
export function siblingModule(from: string, name: string): URL {
  return new URL(`${name}${from.endsWith(".ts") ? ".ts" : ".js"}`, from);
}

/** A thread that runs `module`. */
export function startThread(module: URL, options: WorkerOptions): Worker {
  if (!module.pathname.endsWith(".ts")) return new Worker(module, options);
  // Node 20 gives a thread none of the module hooks of its parent: TypeScript has to be taught to it again
  const [loader, wanted] = [import.meta.resolve("tsx/esm/api"), module.href].map((url) =>
    JSON.stringify(url),
  );
  const source = `import(${loader}).then((tsx) => { tsx.register(); return import(${wanted}); });`;
  return new Worker(source, { ...options, eval: true });
}
