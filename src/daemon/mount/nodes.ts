// SPDX-License-Identifier: Apache-2.0
// Numbers by which the kernel knows what is in the mounted tree.
import { ERRNO, FileError } from "./errors.ts";
import { FILE_NAMES } from "./files.ts";
import type { FileName } from "./files.ts";
import type { Namespaces, ShownNamespace } from "./namespaces.ts";

export const ROOT = 1;
/** Node numbers of a namespace: the directory, the link, then its files. */
const NODES_EACH = 16;
const LINK = 1;
const FIRST_FILE = 2;

export interface FileNode {
  readonly kind: "file";
  readonly namespace: ShownNamespace;
  readonly file: FileName;
}

/** What a node number of a namespace stands for. */
export type MemberNode =
  | { readonly kind: "directory"; readonly namespace: ShownNamespace }
  | { readonly kind: "link"; readonly namespace: ShownNamespace }
  | FileNode;

export type Node = { readonly kind: "root" } | MemberNode;

/** @throws FileError when the kernel should not know this number any more */
export function nodeOf(namespaces: Namespaces, number: number): Node {
  if (number === ROOT) return { kind: "root" };
  const namespace = namespaces.numbered(namespaceNumber(number));
  const place = number % NODES_EACH;
  if (place === 0) return { kind: "directory", namespace };
  if (place === LINK) return { kind: "link", namespace };
  const file = FILE_NAMES[place - FIRST_FILE];
  if (file === undefined) throw new FileError(ERRNO.noEntry);
  return { kind: "file", namespace, file };
}

export function numberOf(node: MemberNode): number {
  const first = node.namespace.number * NODES_EACH;
  if (node.kind === "directory") return first;
  if (node.kind === "link") return first + LINK;
  return first + FIRST_FILE + FILE_NAMES.indexOf(node.file);
}

/** Number of the namespace that a node is of. */
export function namespaceNumber(node: number): number {
  return Math.floor(node / NODES_EACH);
}
