// SPDX-License-Identifier: Apache-2.0
// Rules that let attacks through, and rules of real programs.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { anyTemplate } from "../../../test/helpers/any-template.ts";
import { refuseTooWide, type RuleSpec } from "../index.ts";
import { printTemplate } from "../template/template.ts";

const why = (rule: RuleSpec): string | undefined => refuseTooWide(rule);
const template = (text: string): string | undefined =>
  why({ rule: "path-template", template: text });
const program = "/usr/sbin/service";

const WIDE: readonly (readonly [string, RegExp])[] = [
  // everything
  ["/{path}", /everything below/],
  ["/srv/app/{path}", /everything below/],
  ["/tmp/x-{n}/{path}", /everything below/],
  ["{path}", /everything below/],
  // any name
  ["/{name}", /less than 2 literal|root/],
  ["/srv/{name}", /less than 2 literal/],
  ["/srv/{name}/x", /less than 2 literal/],
  ["/srv/a-{name}/x/y/z", /less than 2 literal/],
  ["/srv/{n}/a/b/{name}", /less than 2 literal/],
  ["/srv/app/{name}/{name}", /more than one \{name\}/],
  ["/var/lib/{name}", /not the workload's alone/],
  ["/var/log/{name}", /not the workload's alone/],
  ["/var/tmp/{name}", /not the workload's alone/],
  ["/dev/shm/{name}", /not the workload's alone/],
  ["/home/me/{name}", /\/home\/\*|not the workload's alone/],
  ["/home/me/{name}/", /\/home\/\*|not the workload's alone/],
  ["{name}", /stands for anything/],
  ["../../{name}", /stands for anything/],
  ["@{name}", /stands for anything/],
  // directories of the system
  ["/etc/app/{name}", /any name in \/etc\/app/],
  ["/usr/lib/x/{name}", /any name in/],
  ["/usr/bin/x-{name}", /any name in/],
  ["/bin/a/{name}", /any name in/],
  ["/lib64/a/b/{name}", /any name in/],
  ["/root/a/{name}", /any name in/],
  ["/sys/kernel/{name}", /any name in/],
  ["/proc/self/{name}", /less than|any name|everything|other/],
  ["/proc/sys/kernel/{name}", /any name in|core_pattern/],
  // words that fit into random parts
  ["/etc/{tmp}", /\/etc\/shadow/],
  ["/etc/{id:6}", /\/etc\/shadow/],
  ["/etc/shado{id:1}", /\/etc\/shadow/],
  ["/etc/app/{tmp}", /ordinary names in \/etc\/app/],
  ["/usr/bin/{tmp}", /ordinary names/],
  ["/usr/bin/{id:2}", /ordinary names/],
  ["/usr/local/bin/p{tmp}", /ordinary names/],
  ["/usr/lib/{id:4}/x.so", /ordinary names/],
  ["/home/me/{tmp}", /ordinary names/],
  ["/home/{tmp}/x", /\/home|ordinary/],
  ["/var/lib/{tmp}/x", /ordinary names/],
  ["/srv/{id:5}", /ordinary names/],
  ["/{tmp}", /ordinary names|root/],
  ["{tmp}", /ordinary names/],
  ["../{tmp}", /ordinary names/],
  ["@{id:20}", /ordinary names/],
  // where secrets are
  ["/home/{n}/.ssh/id_rsa", /\.ssh\/id_rsa/],
  ["/home/{id:3}/.ssh/authorized_keys", /authorized_keys/],
  ["/home/me/.ssh/{tmp}", /\.ssh\/id_rsa/],
  ["/home/me/.ssh/id_{tmp}", /\.ssh\/id_/],
  ["/srv/git/.ssh/{id:6}", /\.ssh\/id_rsa/],
  ["/srv/git/.ssh/authorized_key{id:1}", /authorized_keys/],
  ["/srv/x{n}/.aws/credentials", /\.aws\/credentials/],
  ["/home/{n}/", /\/home\/\*\//],
  ["/home/{tmp}/", /\/home\/\*\//],
  ["/home/{n}/.bashrc", /\.bashrc/],
  ["/root/.{id:5}", /\/root\/\.netrc/],
  ["/root/{name}", /less than|\/root/],
  ["/etc/cron.d/job-{n}", /cron\.d/],
  ["/etc/ssh/ssh_host_{n}_key", /\/etc\/ssh/],
  ["/etc/{id:3}.d/x", /sudoers|pam|ordinary|\/etc/],
  ["/run/{tmp}.sock", /docker\.sock/],
  ["/var/run/secrets/{name}/x/y", /\/var\/run\/secrets|less|alone/],
  ["/var/spool/cron/crontabs/{id:4}", /crontabs/],
  // the kernel, devices, other processes
  ["/proc/{n}/environ", /\/proc\/1\/environ/],
  ["/proc/{n}/", /\/proc\/1\/|other processes/],
  ["/proc/{{pid}/fd/{n}", /other processes/],
  ["/dev/{tmp}", /\/dev\/nvme0n1/],
  ["/dev/sd{id:1}", /\/dev\/sda/],
  ["/dev/pts/{n}", /other devices or terminals/],
  ["/dev/loop{n}", /other devices/],
  ["/sys/{tmp}/x", /other parts of the kernel/],
  ["/{n}", /root/],
  ["/{hex:8}/x", /root/],
  ["/{hex:8}/", /root/],
  ["/run/user/{n}/bus", /other users/],
];

const FINE: readonly string[] = [
  "/srv/app/cache/{hex:40}/index.{n}.js",
  "/srv/app/.git/objects/{hex:2}/{hex:38}",
  "/var/tmp/lab/run-{hex:8}/",
  "/var/tmp/lab/run-{hex:8}/data/temp-{pid}.rdb",
  "/var/tmp/lab/{id:12}/",
  "/tmp/lab/{id:8}/conf{n}.dir/",
  "/tmp/{tmp}",
  "/tmp/{tmp}/x",
  "/tmp/cc{tmp}.s",
  "/tmp/tmp.{tmp}/",
  "/tmp//{{temporary}/{tmp}",
  "/tmp//{{temporary}/cache/{hex:2}/",
  "/dev/shm/PostgreSQL.{n}",
  "/dev/shm/{tmp}",
  "/run/app/app.{pid}",
  "/run/user/1000/app-{tmp}",
  "/var/lib/app/{uuid}/data",
  "/var/lib/app/{tmp}",
  "/var/log/app/{time}.log",
  "/var/log/app-{time}.log",
  "/home/me/.npm/_cacache/tmp/{hex:8}",
  "/root/.npm/_cacache/content-v2/sha512/{hex:2}/{hex:2}/{hex:124}",
  "/root/.npm/_logs/{time}-debug-{n}.log",
  "/root/.cache/app/{tmp}",
  "/srv/uploads/in/{name}",
  "/srv/uploads/in/{name}/",
  "/usr/lib/python3/x/__pycache__/a.pyc.{n}",
  "/etc/app/.new-{tmp}",
  "/etc/ssl/certs/{hex:8}.{n}",
  "/proc/self/fd/{n}",
  "/proc/self/task/{{tid}/x{n}",
  "/sys/devices/system/cpu/cpu{n}/topology",
  "build-{n}",
  "../releases/{time}",
  "{hex:40}",
  "@/tmp/dbus-{tmp}",
  "/home/me/work-{n}/",
];

describe("a template that is too wide", () => {
  for (const [text, reason] of WIDE) {
    it(`is refused: ${text}`, () => {
      assert.match(template(text) ?? "(accepted)", reason);
      assert.equal(why({ rule: "path-template", template: text, asked: true }), undefined);
    });
  }

  it("is refused whatever else it is when it stands for the rest of a name", () => {
    fc.assert(
      fc.property(anyTemplate, (any) => {
        const open = any.components.flat().some((p) => typeof p === "object" && p.type === "path");
        if (open)
          assert.match(template(printTemplate(any)) ?? "(accepted)", /everything below|as well/);
      }),
    );
  });
});

describe("a template of a real program", () => {
  for (const text of FINE)
    it(`is accepted: ${text}`, () => assert.equal(template(text), undefined));
});

describe("classes", () => {
  const ports = (from: number, to: number) =>
    why({ rule: "port-class", program, use: "socket_bind", from, to });
  const network = (text: string) =>
    why({ rule: "host-class", program, use: "socket_connect", network: text });

  it("of ports do not mix those below 1024 with others", () => {
    assert.equal(ports(1024, 65_535), undefined);
    assert.equal(ports(80, 80), undefined);
    for (const [from, to] of [
      [0, 65_535],
      [1, 1024],
      [80, 81],
      [1023, 1024],
    ] as const)
      assert.match(ports(from, to) ?? "", /ports below 1024/);
  });

  it("of hosts are no larger than /16 and /48, however inet addresses are written", () => {
    for (const text of ["192.0.2.0/24", "10.1.0.0/16", "127.0.0.1/32", "2001:db8::/48", "::1/128"])
      assert.equal(network(text), undefined, text);
    assert.equal(network("::ffff:10.1.0.0/112".replace("10.1.0.0", "a01:0")), undefined);
    const wide = ["0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/15", "::/0", "2001:db8::/47", "::/64"];
    wide.push("::ffff:0:0/96", "::ffff:a00:0/104", "64:ff9b::/96", "::/48");
    for (const text of wide)
      assert.match(network(text) ?? "(accepted)", /more than a network/, text);
  });

  it("of hosts do not have the machine's secrets in them", () => {
    for (const text of ["169.254.0.0/16", "169.254.169.0/24", "fd00:ec2::/64", "100.100.0.0/16"])
      assert.match(network(text) ?? "(accepted)", /clouds tell/, text);
    assert.equal(network("169.254.169.254/32"), undefined);
  });

  it("are of one program", () => {
    for (const name of ["/usr/bin//{name}", "/srv//{path}"])
      assert.match(
        why({ rule: "port-class", program: name, use: "socket_bind", from: 2000, to: 3000 }) ?? "",
        /any program/,
      );
    const literal = "/usr/bin/{{name}";
    assert.equal(
      why({ rule: "port-class", program: literal, use: "socket_bind", from: 2000, to: 3000 }),
      undefined,
    );
  });

  it("of values leave out amounts, not what is done", () => {
    const of = (hook: "capable" | "task_setnice" | "task_kill" | "inode_create", member: string) =>
      why({ rule: "value-class", program, hook, member });
    const call = (syscall: string, member: string) =>
      why({ rule: "value-class", program, hook: "syscall", syscall, member });
    assert.equal(of("task_setnice", "nice"), undefined);
    assert.equal(call("memfd_create", "text"), undefined);
    assert.match(of("capable", "cap") ?? "", /says what is allowed/);
    assert.match(of("task_kill", "sig") ?? "", /says what is allowed/);
    assert.match(of("inode_create", "mode") ?? "", /says what is allowed/);
    assert.match(call("memfd_create", "args.0") ?? "", /says what is allowed/);
    assert.match(call("unshare", "args.0") ?? "", /says what is allowed/);
  });

  it("of programs' content have to be asked for", () => {
    assert.match(
      why({ rule: "no-program-digest", path: "/srv/app/bin/x" }) ?? "",
      /content of the program/,
    );
    assert.equal(
      why({ rule: "no-program-digest", path: "/srv/app/bin/x", asked: true }),
      undefined,
    );
  });
});
