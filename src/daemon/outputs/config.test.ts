// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { parseConfig } from "../config/config.ts";
import { DaemonError } from "../errors.ts";
import type { SinkError } from "./errors.ts";
import { checkOutput, formatOf, makeSink } from "./make-sink.ts";

const ENV = { version: "1.2.3", env: {} };
/** Every key that there is. */
const FULL = `
[journal]
max-bytes = 8388608
[metrics]
listen = "[::1]:9464"
[[output]]
kind = "file"
name = "all"
path = "/var/log/galgo.jsonl"
format = "tsem"
records = ["trajectory", "forensics", "lifecycle"]
start = "oldest"
[[output]]
kind = "stdout"
format = "ocsf"
[[output]]
kind = "syslog"
address = "udp://[::1]:5514"
format = "words"
facility = "local7"
enterprise = 4242
[[output]]
kind = "webhook"
url = "https://user@hooks.example.org/in?token=1"
format = "ocsf"
body = "json"
batch = 10
headers = { authorization = "Bearer x" }
[[output]]
kind = "mqtt"
url = "mqtts://broker.example.org"
topic = "hosts/{host}/{name}/{kind}"
format = "galgo"
user = "galgo"
qos = 0
queue = 100
marks = true
`;

describe("the configuration of outputs", () => {
  it("may say everything that is documented, and makes what it says", async () => {
    const { output, journal, metrics } = parseConfig(FULL, "daemon.toml");
    assert.equal(journal["max-bytes"], 8_388_608);
    assert.equal(metrics.listen, "[::1]:9464");
    const targets = await Promise.all(
      output.map(async (each) => {
        assert.equal(typeof formatOf(each, ENV), "function");
        const sink = await makeSink(each, ENV);
        await sink.close();
        return sink.target;
      }),
    );
    assert.deepEqual(targets, [
      "file /var/log/galgo.jsonl",
      "standard output",
      "udp://[::1]:5514",
      "https://hooks.example.org",
      "mqtts://broker.example.org",
    ]);
  });

  it("is documented with an example that can be used", () => {
    const [, example = ""] =
      /```toml\n([^`]+)```/.exec(readFileSync("docs/outputs.md", "utf8")) ?? [];
    const { output, metrics } = parseConfig(example, "daemon.toml");
    assert.deepEqual(
      output.map(({ kind }) => kind),
      ["file", "syslog"],
    );
    assert.equal(metrics.listen, "127.0.0.1:9464");
  });

  const faults: [string, RegExp][] = [
    [
      '[[output]]\nkind = "file"\npath = "log"',
      /line 3: output\.0\.path: has to be an absolute path/,
    ],
    [
      '[[output]]\nkind = "file"\npath = "/l"\ncolour = 1',
      /line 4: output\.0\.colour: there is no such key/,
    ],
    ['[[output]]\nkind = "stdout"\n[[output]]\nkind = "stdout"', /two outputs have the same name/],
    ['[[output]]\nkind = "stdout"\nname = "a/b"', /output\.0\.name: has to be 1 to 32 of/],
    [
      '[[output]]\nkind = "stdout"\nrecords = ["events"]',
      /records\.0: has to be one of trajectory, forensics, lifecycle/,
    ],
    ['[[output]]\nkind = "syslog"\naddress = "fax://1"', /address: has to be udp:/],
    [
      '[[output]]\nkind = "mqtt"\nurl = "mqtt://h"\ntopic = "t"\nqos = 2',
      /qos: has to be one of 0, 1/,
    ],
    [
      '[[output]]\nkind = "mqtt"\nurl = "mqtt://h"\ntopic = "t"\nqueue = 0',
      /queue: has to be at least 1/,
    ],
    [
      '[[output]]\nkind = "webhook"\nurl = "http://h/"\nheaders = { x = "a\\r\\nb: c" }',
      /headers\.x: has to be one line of ASCII/,
    ],
    ["[journal]\nmax-bytes = 5", /max-bytes: has to be at least 1048576/],
    ['[metrics]\nlisten = "9464"', /listen: has to be HOST:PORT/],
  ];
  for (const [text, words] of faults) {
    it(`refuses ${text.split("\n").slice(1).join(", ")}`, () => {
      assert.throws(
        () => parseConfig(text, "daemon.toml"),
        (error) => error instanceof DaemonError && words.test(error.message),
      );
    });
  }

  it("finds an address that can not be understood before anything is sent", () => {
    for (const [line, words] of [
      ['kind = "mqtt"\ntopic = "t"\nurl = "mqtt://user%zz@host"', /encodes nothing/],
      ['kind = "syslog"\naddress = "udp://host:99999"', /no address that can be understood/],
    ] as const) {
      const [output] = parseConfig(`[[output]]\n${line}`, "daemon.toml").output;
      assert.ok(output);
      assert.throws(() => checkOutput(output), words);
    }
  });

  it("names files that can not be read before anything is sent", async () => {
    const [output] = parseConfig(
      '[[output]]\nkind = "webhook"\nurl = "http://h/"\nsecret-file = "/nonexistent/secret"',
      "daemon.toml",
    ).output;
    assert.ok(output);
    assert.throws(() => checkOutput(output), /can not read/);
    await assert.rejects(makeSink(output, ENV), (error: SinkError) => {
      assert.equal(error.code, "BAD_SETTING");
      assert.match(error.message, /can not read \/nonexistent\/secret \(ENOENT\)/);
      return true;
    });
  });
});
