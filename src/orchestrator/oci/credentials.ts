// SPDX-License-Identifier: Apache-2.0
// Who one is at a registry: the files that docker login, podman login and their like write, and the helpers that these name.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod/mini";
import { quote } from "../../base/quote.ts";
import { codeOf, OciError } from "./errors.ts";
import { HELPER_MS, MAX_CREDENTIALS_BYTES, MAX_WORDS_BYTES } from "./limits.ts";

/** A name and a password, or a token that stands for both. */
export type Credentials =
  | { readonly kind: "password"; readonly user: string; readonly password: string }
  /** Traded for a token at the registry's token service. */
  | { readonly kind: "identity"; readonly token: string }
  /** Shown to the registry as it is. */
  | { readonly kind: "bearer"; readonly token: string };

type Environment = Readonly<Record<string, string | undefined>>;

const entrySchema = () =>
  z.object({
    auth: z.optional(z.string()),
    username: z.optional(z.string()),
    password: z.optional(z.string()),
    identitytoken: z.optional(z.string()),
    registrytoken: z.optional(z.string()),
  });
const fileSchema = () =>
  z.object({
    auths: z.optional(z.record(z.string(), entrySchema())),
    credHelpers: z.optional(z.record(z.string(), z.string())),
    credsStore: z.optional(z.string()),
  });
type ConfigFile = z.infer<ReturnType<typeof fileSchema>>;
type Entry = z.infer<ReturnType<typeof entrySchema>>;

/** Name of a helper: it becomes part of a command. */
const HELPER = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
/** What helpers say as user when the password is an identity token. */
const TOKEN_USER = "<token>";

/**
 * The credentials for a registry, from the first file that has some: `$REGISTRY_AUTH_FILE`, `$DOCKER_CONFIG/config.json` or
 * `~/.docker/config.json`, podman's `$XDG_RUNTIME_DIR/containers/auth.json` (where that is not set `/run/containers/<uid>/auth.json`) and
 * `~/.config/containers/auth.json`. None is no error: many registries can be read by all.
 * @param registry host and port as in the reference; only an entry of exactly this registry counts
 * @throws OciError BAD_CREDENTIALS, which names the file and never its content
 */
export function credentialsFor(registry: string, env: Environment): Credentials | undefined {
  for (const file of credentialFiles(env)) {
    const config = readConfig(file);
    const found = config === undefined ? undefined : inConfig(config, registry, file, env);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The files that are looked at, in this order. @param uid whose podman's */
export function credentialFiles(
  env: Environment,
  uid: number = process.getuid?.() ?? -1,
): readonly string[] {
  const { REGISTRY_AUTH_FILE: own, HOME: home, XDG_RUNTIME_DIR: run } = env;
  const docker = env["DOCKER_CONFIG"] ?? below(home, ".docker");
  const config = filled(env["XDG_CONFIG_HOME"]) ? env["XDG_CONFIG_HOME"] : below(home, ".config");
  return [
    own,
    below(docker, "config.json"),
    filled(run) ? join(run, PODMAN) : ownedByPodman(uid),
    below(config, PODMAN),
  ].filter(filled);
}

const PODMAN = "containers/auth.json";

function below(folder: string | undefined, name: string): string | undefined {
  return filled(folder) ? join(folder, name) : undefined;
}

/** Root's, as a rule: for others the folder may be closed, and then nothing in it is theirs. */
function ownedByPodman(uid: number): string | undefined {
  const file = `/run/containers/${uid}/auth.json`;
  return existsSync(file) ? file : undefined;
}

function readConfig(file: string): ConfigFile | undefined {
  let text: string;
  try {
    if (statSync(file).size > MAX_CREDENTIALS_BYTES)
      throw bad(file, `is larger than ${MAX_CREDENTIALS_BYTES} bytes`);
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof OciError) throw error;
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return undefined;
    throw bad(file, `can not be read (${codeOf(error)})`);
  }
  const parsed = fileSchema().safeParse(jsonOf(file, text));
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues[0]?.path.join(".") ?? "";
  throw bad(
    file,
    `is not what docker login writes${where === "" ? "" : ` at ${quote(where, 100)}`}`,
  );
}

function jsonOf(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw bad(file, "is not JSON");
  }
}

function inConfig(
  config: ConfigFile,
  registry: string,
  file: string,
  env: Environment,
): Credentials | undefined {
  const helper = own(config.credHelpers, registry);
  if (helper !== undefined) return fromHelper(helper, registry, file, env);
  const keys = [registry, `https://${registry}`, `https://${registry}/`, `http://${registry}`];
  for (const key of keys) {
    const entry = own(config.auths, key);
    const found = entry === undefined ? undefined : fromEntry(entry, key, file);
    if (found !== undefined) return found;
  }
  if (config.credsStore === undefined) return undefined;
  return fromHelper(config.credsStore, registry, file, env);
}

function own<T>(table: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return table !== undefined && Object.hasOwn(table, key) ? table[key] : undefined;
}

function fromEntry(entry: Entry, key: string, file: string): Credentials | undefined {
  if (filled(entry.registrytoken)) return { kind: "bearer", token: entry.registrytoken };
  if (filled(entry.identitytoken)) return { kind: "identity", token: entry.identitytoken };
  if (filled(entry.auth)) {
    const text = Buffer.from(entry.auth, "base64").toString("utf8").replace(/\0+$/, "");
    const colon = text.indexOf(":");
    if (colon < 1)
      throw bad(file, `has an "auth" for ${quote(key)} that is not USER:PASSWORD in base64`);
    return { kind: "password", user: text.slice(0, colon), password: text.slice(colon + 1) };
  }
  if (!filled(entry.username) || entry.password === undefined) return undefined;
  return { kind: "password", user: entry.username, password: entry.password };
}

function filled(text: string | undefined): text is string {
  return text !== undefined && text !== "";
}

const answerSchema = () => z.object({ Username: z.string(), Secret: z.string() });

function fromHelper(
  name: string,
  registry: string,
  file: string,
  env: Environment,
): Credentials | undefined {
  if (!HELPER.test(name)) throw bad(file, `names a helper ${quote(name, 80)} that can not be one`);
  const command = `docker-credential-${name}`;
  let text: string;
  try {
    text = execFileSync(command, ["get"], {
      input: registry,
      env: { ...env },
      encoding: "utf8",
      maxBuffer: MAX_WORDS_BYTES,
      timeout: HELPER_MS,
      stdio: ["pipe", "pipe", "ignore"],
    });
  } catch (error) {
    if (saysNone(error)) return undefined;
    throw bad(file, `names the helper ${command}, which failed (${statusOf(error)})`);
  }
  const answer = answerSchema().safeParse(jsonOf(command, text));
  if (!answer.success) throw bad(command, "does not say Username and Secret");
  const { Username: user, Secret: password } = answer.data;
  return user === TOKEN_USER
    ? { kind: "identity", token: password }
    : { kind: "password", user, password };
}

function saysNone(error: unknown): boolean {
  const { stdout } = error as { stdout?: unknown };
  return typeof stdout === "string" && stdout.includes("credentials not found");
}

function statusOf(error: unknown): string {
  const { status, code } = error as { status?: number | null; code?: string };
  return code ?? (typeof status === "number" ? `exit status ${status}` : "stopped");
}

function bad(file: string, why: string): OciError {
  return new OciError(
    "BAD_CREDENTIALS",
    `${quote(file)} ${why}; docker login or podman login writes it anew`,
  );
}
