// SPDX-License-Identifier: Apache-2.0
// Bodies of requests: what is wrong with one is said in one line, with the name of what is wrong.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseAttachOrder, parseControlOrder } from "./bodies.ts";

const attach = (text: string) => (): unknown => parseAttachOrder(text);
const control = (text: string) => (): unknown => parseControlOrder(text);

describe("the body of a request", () => {
  it("is taken as it is", () => {
    assert.deepEqual(parseControlOrder('{"verb":"seal"}'), { verb: "seal" });
    assert.deepEqual(parseControlOrder('{"verb":"base","value":"00"}'), {
      verb: "base",
      value: "00",
    });
    assert.deepEqual(parseAttachOrder('{"pid":7}'), { pid: 7 });
  });

  it("is refused with the name of what is wrong", () => {
    assert.throws(attach("x"), /^ApiError: the body is no JSON: an order to attach is /);
    assert.throws(attach('{"pid":0}'), /: pid: has to be at least 1; an order/);
    assert.throws(attach('{"pid":"1"}'), /: pid: has to be of the type number; an order/);
    assert.throws(attach('{"pid":1,"\\u001b[2J":2}'), /: "\\x1b\[2J": there is no such key; /);
    assert.throws(attach('{"pid":1,"mode":"x"}'), /: mode: has to be one of free, detect, enforce/);
    assert.throws(attach("{}"), /attach: either cgroup or pid/);
    assert.throws(control('{"verb":"seal","value":"x"}'), /: value: there is no such key; /);
    for (const text of ["null", "[]", '{"verb":"seal","value":"x"}', '{"verb":"state"}'])
      assert.throws(control(text), /; an order is /, text);
  });
});
