// SPDX-License-Identifier: Apache-2.0
// Names of things in registries: HOST[:PORT]/REPOSITORY[:TAG][@DIGEST]. The registry is never guessed.
import { quote } from "../../base/quote.ts";
import { OciError } from "./errors.ts";
import { MAX_REFERENCE_CHARS } from "./limits.ts";

export interface Reference {
  /** Host and port, as written. */
  readonly registry: string;
  readonly repository: string;
  readonly tag?: string;
  /** `sha256:<hex>`; when it is there it decides, and the tag is only shown. */
  readonly digest?: string;
}

const HOST =
  /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?$/i;
const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;
const MAX_REPOSITORY_CHARS = 255;

/** True for `sha256:` and 64 lower-case hex digits: the only digest that Galgo checks content by. */
export function isDigest(text: string): boolean {
  return DIGEST.test(text);
}

/** True for what may stand as a tag. */
export function isTag(text: string): boolean {
  return TAG.test(text);
}

/** @throws OciError BAD_REFERENCE */
export function parseReference(text: string): Reference {
  if (text.length > MAX_REFERENCE_CHARS)
    throw bad(text, `is longer than ${MAX_REFERENCE_CHARS} characters`);
  if (text.includes("://")) throw bad(text, "has a scheme; leave it out");
  const slash = text.indexOf("/");
  const registry = slash < 0 ? "" : text.slice(0, slash);
  if (!namesRegistry(registry))
    throw bad(text, "does not begin with a registry; write HOST[:PORT]/REPOSITORY:TAG");
  const { name, tag, digest } = splitName(text, text.slice(slash + 1));
  requireRepository(text, name);
  if (tag !== undefined && !isTag(tag))
    throw bad(text, "has a tag that is none (letters, digits, _ . -, at most 128)");
  if (digest !== undefined && !isDigest(digest))
    throw bad(text, "has a digest that is not sha256: and 64 lower-case hex digits");
  return {
    registry,
    repository: name,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** A reference as it is written. */
export function referenceText({ registry, repository, tag, digest }: Reference): string {
  return `${registry}/${repository}${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`;
}

/** Whether `host[:port]` is this machine; only there plain HTTP is spoken unasked. */
export function isLoopback(registry: string): boolean {
  const host = registry.replace(/:\d+$/, "").toLowerCase();
  if (host === "localhost" || host === "[::1]") return true;
  return /^127(?:\.\d{1,3}){3}$/.test(host);
}

function namesRegistry(registry: string): boolean {
  // 1.2.3.400 looks like a name and is no host
  if (!HOST.test(registry) || !URL.canParse(`https://${registry}/`)) return false;
  const port = /:(\d+)$/.exec(registry.replace(/^\[.*\]/, ""))?.[1];
  if (port !== undefined && (Number(port) === 0 || Number(port) > 65_535)) return false;
  // a first component without these is the begin of a repository's name
  return /[.:]/.test(registry) || registry === "localhost";
}

interface Split {
  readonly name: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

function splitName(text: string, rest: string): Split {
  const [front = "", digest, more] = rest.split("@");
  if (more !== undefined) throw bad(text, "has more than one @");
  const [name = "", tag, other] = front.split(":");
  if (other !== undefined) throw bad(text, "has more than one tag");
  return { name, tag, digest };
}

function requireRepository(text: string, name: string): void {
  if (name.length === 0 || name.length > MAX_REPOSITORY_CHARS)
    throw bad(text, `has a repository of no or of more than ${MAX_REPOSITORY_CHARS} characters`);
  if (!name.split("/").every((part) => COMPONENT.test(part)))
    throw bad(
      text,
      "has a repository that is none (lower-case letters, digits, . _ - between them)",
    );
}

function bad(text: string, why: string): OciError {
  return new OciError("BAD_REFERENCE", `reference ${quote(text, 200)} ${why}`);
}
