// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { it } from "node:test";
import { ownCgroupIn } from "./cgroup-mount.ts";

const UNIFIED = "35 24 0:30 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate";
const HYBRID = [
  "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755",
  "40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd",
  "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw",
].join("\n");
const CONTAINER = "900 890 0:30 /../.. /sys/fs/cgroup ro - cgroup2 cgroup rw";
const PART = "50 31 0:38 /a /mnt/odd\\040name rw - cgroup2 cgroup2 rw";

const FOUND: [string, string, string, string][] = [
  [
    "everything under version 2",
    "0::/user.slice/x.scope\n",
    UNIFIED,
    "/sys/fs/cgroup/user.slice/x.scope",
  ],
  ["the root itself", "0::/\n", UNIFIED, "/sys/fs/cgroup"],
  [
    "version 2 beside version 1",
    "9:name=systemd:/s\n4:memory:/m\n0::/own\n",
    HYBRID,
    "/sys/fs/cgroup/unified/own",
  ],
  ["a mount of a part, with a blank in its name", "0::/a/b\n", PART, "/mnt/odd name/b"],
  ["the second of two mounts", "0::/own\n", `${PART}\n${UNIFIED}`, "/sys/fs/cgroup/own"],
  ["a group whose name begins with dots", "0::/..own\n", UNIFIED, "/sys/fs/cgroup/..own"],
];

for (const [what, membership, mounts, path] of FOUND) {
  it(`finds ${what}`, () => {
    assert.deepEqual(ownCgroupIn(membership, mounts), { path });
  });
}

const NOT_FOUND: [string, string, string, RegExp][] = [
  ["a kernel without version 2", "4:memory:/m\n", HYBRID, /no cgroups of version 2/],
  ["no mount", "0::/own\n", "31 23 0:28 / /sys rw - sysfs sysfs rw", /no cgroup hierarchy/],
  ["a mount of another part", "0::/other\n", PART, /not in the part/],
  ["a mount from above our namespace", "0::/own\n", CONTAINER, /not in the part/],
  ["a group outside of our namespace", "0::/../other\n", UNIFIED, /not in the part/],
  ["a removed group", "0::/own (deleted)\n", UNIFIED, /has been removed/],
];

for (const [what, membership, mounts, reason] of NOT_FOUND) {
  it(`says why not with ${what}`, () => {
    const own = ownCgroupIn(membership, mounts);
    assert.ok("unavailable" in own);
    assert.match(own.unavailable, reason);
  });
}
