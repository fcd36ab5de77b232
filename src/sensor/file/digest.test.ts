// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { appendFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { sys } from "../../native/syscalls.ffi.ts";
import { ContentDigests } from "./digest.ts";
import { O } from "./open-flags.ts";
import { type Stat, statFd } from "./stat.ts";

const folder = mkdtempSync(join(tmpdir(), "galgo-digest-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const MEGABYTE = 1 << 20;
const EMPTY = "empty";
const hashOf = (bytes: string | Uint8Array): string =>
  createHash("sha256").update(bytes).digest("hex");

interface Opened {
  readonly fd: number;
  readonly stat: Stat;
}

/** Lends a descriptor of O_PATH, which is what the sensor has. */
function withPath<T>(path: string, work: (opened: Opened) => T): T {
  const fd = sys().open(Buffer.from(`${path}\0`), O.PATH | O.CLOEXEC, 0);
  const stat = statFd(fd);
  assert.ok(stat !== undefined);
  try {
    return work({ fd, stat });
  } finally {
    sys().close(fd);
  }
}

function digestsWith(progress: () => void = () => undefined): ContentDigests {
  return new ContentDigests("sha256", EMPTY, { progress, kept: new Map() });
}

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

test("contents of all sizes around a piece", () => {
  const digests = digestsWith();
  for (const size of [1, 4096, MEGABYTE - 1, MEGABYTE, MEGABYTE + 1, 3 * MEGABYTE]) {
    const content = Buffer.alloc(size, size % 251);
    const digest = withPath(file("sized", content), ({ fd, stat }) => digests.of(fd, stat));
    assert.equal(digest, hashOf(content), `${size} bytes`);
  }
});

test("nothing, folders and devices have the digest of nothing", () => {
  const digests = digestsWith();
  for (const path of [file("nothing", ""), folder, "/dev/null"]) {
    assert.equal(
      withPath(path, ({ fd, stat }) => digests.of(fd, stat)),
      EMPTY,
    );
  }
});

test("progress is told for each piece, and an old file is hashed once", () => {
  let pieces = 0;
  const digests = digestsWith(() => {
    pieces++;
  });
  const first = withPath(process.execPath, ({ fd, stat }) => digests.of(fd, stat));
  const afterFirst = pieces;
  assert.ok(afterFirst > 1);
  assert.equal(
    withPath(process.execPath, ({ fd, stat }) => digests.of(fd, stat)),
    first,
  );
  assert.equal(pieces, afterFirst);
});

test("a file that was changed just now is hashed again: its time of change need not differ", () => {
  const digests = digestsWith();
  for (const content of ["one", "two", "six"]) {
    const path = file("young", content);
    assert.equal(
      withPath(path, ({ fd, stat }) => digests.of(fd, stat)),
      hashOf(content),
    );
  }
});

test("a file that changes while it is hashed is hashed again", () => {
  const path = file("changing", Buffer.alloc(2 * MEGABYTE, 1));
  let changes = 0;
  const digests = digestsWith(() => {
    if (changes++ === 0) appendFileSync(path, "x");
  });
  const digest = withPath(path, ({ fd, stat }) => digests.of(fd, stat));
  assert.equal(digest, hashOf(Buffer.concat([Buffer.alloc(2 * MEGABYTE, 1), Buffer.from("x")])));
});

test("a file that changes under every try is given up", () => {
  const path = file("restless", Buffer.alloc(MEGABYTE, 1));
  const digests = digestsWith(() => appendFileSync(path, "x"));
  assert.equal(
    withPath(path, ({ fd, stat }) => digests.of(fd, stat)),
    undefined,
  );
});

test("a file that is cut while it is hashed", () => {
  const path = file("cut", Buffer.alloc(3 * MEGABYTE, 1));
  let cut = false;
  const digests = digestsWith(() => {
    if (!cut) truncateSync(path, MEGABYTE);
    cut = true;
  });
  assert.equal(
    withPath(path, ({ fd, stat }) => digests.of(fd, stat)),
    hashOf(Buffer.alloc(MEGABYTE, 1)),
  );
});

test("what can not be opened has no digest", () => {
  const digests = digestsWith();
  const stat = withPath(file("gone", "gone"), (opened) => opened.stat);
  assert.equal(digests.of(999_999, stat), undefined);
});

test("no descriptor is left open", () => {
  const before = sys().open(Buffer.from("/dev/null\0"), O.CLOEXEC, 0);
  sys().close(before);
  const digests = digestsWith();
  for (let i = 0; i < 50; i++) {
    withPath(file("many", `${i}`), ({ fd, stat }) => digests.of(fd, stat));
  }
  const now = sys().open(Buffer.from("/dev/null\0"), O.CLOEXEC, 0);
  sys().close(now);
  assert.ok(now <= before + 1, `${before} ${now}`);
});
