// SPDX-License-Identifier: Apache-2.0
// Arbitrary security events for fast-check, made from the hook table, so that a new hook is covered by every property.
import fc from "fast-check";
import { HOOK_NAMES, HOOKS, type HookName, type SecurityEvent } from "../../src/event/index.ts";
import type { FieldKind, KindValue } from "../../src/event/layout.ts";

const DIGEST_HEX = 64;
const PLAIN = { noNullPrototype: true };

const hexText = (digits: number): fc.Arbitrary<string> =>
  fc.string({
    unit: fc.constantFrom(..."0123456789abcdef"),
    minLength: digits,
    maxLength: digits,
  });

/** Text as names come from a kernel: any bytes, with what breaks naive writers made likely. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.constantFrom(
    "",
    "/",
    '/a"b',
    "/a\\b",
    "/new\nline",
    "/\u001b[31m",
    "/\udc80\udcff",
    "/\u202ex",
    "\0name",
  ),
);

const pathname = fc.oneof(
  anyText.map((text) => `/${text}`),
  fc.constantFrom(
    "/etc/shadow",
    "/proc/7/maps",
    "/proc/9/task/12/stat",
    "/tmp/cc1.s",
    "/work/a.log",
  ),
);
const u16 = fc.nat(0xffff);
const u32 = fc.oneof(fc.nat(0xffff), fc.nat(0xffff_ffff), fc.constant(0xffff_ffff));
const i32 = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });
const u64 = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn });
const i64 = fc.bigInt({ min: -0x8000_0000_0000_0000n, max: 0x7fff_ffff_ffff_ffffn });
const digest = hexText(DIGEST_HEX);
const device = fc.record({ major: u32, minor: u32 }, PLAIN);

const inode = fc.record(
  {
    uid: u32,
    gid: u32,
    mode: u16,
    sMagic: fc.oneof(u32, fc.constant(0x01021994)),
    sId: fc.string({ unit: "grapheme-ascii", maxLength: 31 }),
    sUuid: hexText(32),
  },
  { noNullPrototype: true, requiredKeys: ["uid", "gid", "mode", "sMagic"] },
);

const plainPath = fc.record(
  { dev: device, type: fc.constantFrom("root", "chroot", "namespace"), pathname },
  { noNullPrototype: true, requiredKeys: ["pathname"] },
);
const inTemporary = fc.constantFrom("/a", "/b.log", "/sub/c").chain((rest) =>
  fc.record(
    {
      dev: device,
      temporary: fc.constant("/tmp/x-Ab12Cd"),
      pathname: fc.constant(`/tmp/x-Ab12Cd${rest}`),
    },
    { noNullPrototype: true, requiredKeys: ["temporary", "pathname"] },
  ),
);
const path: fc.Arbitrary<KindValue["path"]> = fc.oneof(
  plainPath,
  inTemporary,
  fc.record(
    { dev: device, owner: digest, instance: u64, pathname },
    { noNullPrototype: true, requiredKeys: ["owner", "instance", "pathname"] },
  ),
  fc.record({ owner: digest, created: fc.constantFrom("", "log", "o"), pathname }, PLAIN),
);

const sock: fc.Arbitrary<KindValue["sock"]> = fc.record(
  {
    family: fc.constantFrom(1, 2, 10, 16, 17),
    type: fc.constantFrom(1, 2, 3, 0x80001),
    protocol: fc.oneof(fc.constantFrom(0, 6, 17), i32),
    owner: digest,
  },
  { noNullPrototype: true, requiredKeys: ["family", "type", "protocol"] },
);

const addr: fc.Arbitrary<KindValue["addr"]> = fc.oneof(
  fc.record({ family: fc.constant("inet" as const), port: u16, address: u32 }, PLAIN),
  fc.record(
    {
      family: fc.constant("inet6" as const),
      port: u16,
      address: hexText(32),
      flow: u32,
      scope: u32,
    },
    { noNullPrototype: true, requiredKeys: ["family", "port", "address"] },
  ),
  fc.record({ family: fc.constant("unix" as const), address: anyText }, PLAIN),
  fc.record({ family: fc.constant("other" as const), digest }, PLAIN),
);

const credentials = {
  uid: u32,
  euid: u32,
  suid: u32,
  gid: u32,
  egid: u32,
  sgid: u32,
  fsuid: u32,
  fsgid: u32,
  capeff: u64,
};
const coe = fc.record(credentials, PLAIN);

const BY_KIND: { readonly [K in FieldKind]: fc.Arbitrary<KindValue[K]> } = {
  u16,
  u32,
  i32,
  mode: u16,
  u64,
  i64,
  mask: u64,
  text: anyText,
  base64: fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes).toString("base64")),
  task: digest,
  file: fc.record(
    {
      flags: fc.oneof(u32, fc.constantFrom(0x8000, 0x8020, 0x8001, 0x8002)),
      inode,
      path,
      digest,
    },
    PLAIN,
  ),
  inode,
  path,
  dentry: fc.record({ inode, path }, { noNullPrototype: true, requiredKeys: ["path"] }),
  sock,
  addr,
  device,
  attr: fc.record({ valid: u32, mode: u16, uid: u32, gid: u32, size: u64 }, PLAIN),
  creds: fc.record({ ...credentials, securebits: u32 }, PLAIN),
  perm: fc.record({ uid: u32, gid: u32, cuid: u32, cgid: u32, mode: u16, owner: digest }, PLAIN),
  u32s: fc.array(u32, { maxLength: 4 }),
  u64s: fc.array(u64, { maxLength: 4 }),
  rest: fc
    .dictionary(anyText, fc.oneof(anyText, fc.dictionary(anyText, anyText, { maxKeys: 2 })), {
      minKeys: 1,
      maxKeys: 3,
    })
    .map((members) => JSON.stringify(members)),
};

/** Members of an event that only some sensors know. */
const SERIALS = new Set(["tgid", "tnum", "context", "number", "ttd", "pTtd"]);

/** Events of one hook. */
export function anyEventOf(hook: HookName): fc.Arbitrary<SecurityEvent> {
  const fields = HOOKS[hook].cell;
  const cell = fc.record(
    Object.fromEntries(
      fields.map((field): [string, fc.Arbitrary<unknown>] => [field.member, BY_KIND[field.kind]]),
    ),
    {
      noNullPrototype: true,
      requiredKeys: fields.filter((field) => !field.optional).map((field) => field.member),
    },
  );
  const members = {
    hook: fc.constant(hook),
    pid: fc.nat(4_000_000),
    tgid: fc.nat(4_000_000),
    tnum: u64,
    context: u32,
    number: u64,
    ttd: u64,
    pTtd: u64,
    process: anyText,
    task: fc.record({ taskId: digest, pTaskId: digest }, PLAIN),
    coe,
    ts: u64,
    cell,
    ...(hook === "syscall" && { syscall: fc.constantFrom("unshare", "io_uring_setup") }),
  };
  const required = Object.keys(members).filter((name) => !SERIALS.has(name));
  const event = fc.record(members, { noNullPrototype: true, requiredKeys: required as never });
  return event as unknown as fc.Arbitrary<SecurityEvent>;
}

/** Events of any hook. */
export const anyEvent: fc.Arbitrary<SecurityEvent> = fc
  .constantFrom(...HOOK_NAMES)
  .chain((hook) => anyEventOf(hook));

/** Events that can be points: all but identity records. */
export const anyBehaviour: fc.Arbitrary<SecurityEvent> = fc
  .constantFrom(...HOOK_NAMES.filter((hook) => hook !== "bprm_committed_creds"))
  .chain((hook) => anyEventOf(hook));
