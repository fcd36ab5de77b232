// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { followsFreely, opensFreely } from "./protections.ts";
import type { Stat } from "../file/stat.ts";

const USER = 1000;
const OTHER = 1001;

function statOf(uid: number, mode: number): Stat {
  return {
    mode,
    type: mode & 0xf000,
    uid,
    gid: uid,
    nlink: 1,
    size: 0n,
    devMajor: 0,
    devMinor: 0,
    rdevMajor: 0,
    rdevMinor: 0,
    ino: 1n,
    mntId: 1n,
    key: "",
    contentKey: "",
    ctimeMs: 0,
  };
}

const TMP = statOf(0, 0o41777);
const PRIVATE = statOf(0, 0o40755);
const GROUP = statOf(0, 0o41775);
const link = (uid: number): Stat => statOf(uid, 0o120777);
const file = (uid: number): Stat => statOf(uid, 0o100666);

test("links of others are not followed where everybody may make them", () => {
  const on = { symlinks: 1, regular: 0 };
  assert.equal(followsFreely(USER, link(OTHER), TMP, on), false);
  assert.equal(followsFreely(0, link(OTHER), TMP, on), false);
  assert.equal(followsFreely(USER, link(USER), TMP, on), true);
  assert.equal(followsFreely(USER, link(0), TMP, on), true, "of the directory's owner");
  assert.equal(followsFreely(USER, link(OTHER), PRIVATE, on), true);
  assert.equal(followsFreely(USER, link(OTHER), GROUP, on), true);
  assert.equal(followsFreely(USER, link(OTHER), TMP, { symlinks: 0, regular: 0 }), true);
});

test("files of others are not opened with O_CREAT where everybody may make them", () => {
  const on = { symlinks: 0, regular: 1 };
  assert.equal(opensFreely(USER, file(OTHER), TMP, on), false);
  assert.equal(opensFreely(USER, file(USER), TMP, on), true);
  assert.equal(opensFreely(USER, file(0), TMP, on), true, "of the directory's owner");
  assert.equal(opensFreely(USER, file(OTHER), PRIVATE, on), true);
  assert.equal(opensFreely(USER, file(OTHER), GROUP, on), true);
  assert.equal(opensFreely(USER, file(OTHER), GROUP, { symlinks: 0, regular: 2 }), false);
  assert.equal(opensFreely(USER, file(OTHER), TMP, { symlinks: 0, regular: 0 }), true);
  assert.equal(opensFreely(USER, file(OTHER), undefined, on), true);
});
