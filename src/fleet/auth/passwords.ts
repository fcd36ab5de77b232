// SPDX-License-Identifier: Apache-2.0
// Passwords, kept with scrypt (RFC 7914). One takes 32 MiB and about 60 ms, so few are looked at at a time.
import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { AccessError } from "./access-error.ts";

export const MIN_PASSWORD_CHARS = 12;
export const MAX_PASSWORD_CHARS = 256;
/** At a time; others wait. */
const AT_ONCE = 2;
const MAX_WAITING = 8;
const N = 2 ** 15;
const R = 8;
const P = 1;
const MAX_MEMORY = 64 * 1024 * 1024;
const SALT_BYTES = 16;
const KEY_BYTES = 32;
const FORM = /^scrypt\$(\d{1,8})\$(\d{1,3})\$(\d{1,3})\$([A-Za-z0-9_-]{22})\$([A-Za-z0-9_-]{43})$/;
/** Of no password: who logs in as nobody waits as long as everybody. */
const NOBODY = `scrypt$${N}$${R}$${P}$${"A".repeat(22)}$${"A".repeat(43)}`;

let running = 0;
const waiting: (() => void)[] = [];

/** Throws unless it is one that is taken. @throws AccessError BAD_PASSWORD */
export function refusePassword(password: string, user: string): void {
  const { length } = [...password];
  if (length < MIN_PASSWORD_CHARS || length > MAX_PASSWORD_CHARS) {
    const problem = `a password has ${MIN_PASSWORD_CHARS} to ${MAX_PASSWORD_CHARS} characters`;
    throw new AccessError("BAD_PASSWORD", problem);
  }
  if (new Set(password).size < 5) {
    throw new AccessError("BAD_PASSWORD", "this password has too few different characters");
  }
  if (password.toLowerCase().includes(user.toLowerCase())) {
    throw new AccessError("BAD_PASSWORD", "a password does not hold the name of its user");
  }
}

/** What is kept of a password. @throws AccessError BUSY */
export async function keptOf(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const key = await derived(password, salt, { N, r: R, p: P });
  return `scrypt$${N}$${R}$${P}$${salt.toString("base64url")}$${key.toString("base64url")}`;
}

/**
 * Whether it is the password of which `kept` was kept. It takes as long when there is none.
 * @param kept undefined: no such user
 * @throws AccessError BUSY
 */
export async function isPassword(password: string, kept: string | undefined): Promise<boolean> {
  const known = FORM.exec(kept ?? NOBODY) ?? FORM.exec(NOBODY);
  const [, n, r, p, salt = "", key = ""] = known ?? [];
  const terms = { N: Number(n), r: Number(r), p: Number(p) };
  const found = await derived(password, Buffer.from(salt, "base64url"), terms);
  return timingSafeEqual(found, Buffer.from(key, "base64url")) && kept !== undefined;
}

interface Terms {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

async function derived(password: string, salt: Uint8Array, terms: Terms): Promise<Buffer> {
  await turn();
  try {
    return await new Promise((done, failed) => {
      const options = { ...terms, maxmem: MAX_MEMORY };
      // the same letters are written with different characters on different keyboards
      scrypt(password.normalize("NFC"), salt, KEY_BYTES, options, (error, key) =>
        error === null ? done(key) : failed(error),
      );
    });
  } finally {
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next();
  }
}

/** Waits until one more may be looked at; who goes on hands his turn to the next. */
async function turn(): Promise<void> {
  if (running < AT_ONCE) {
    running += 1;
    return;
  }
  if (waiting.length >= MAX_WAITING) {
    throw new AccessError("BUSY", "too many log in at this moment; come again");
  }
  await new Promise<void>((go) => {
    waiting.push(go);
  });
}
