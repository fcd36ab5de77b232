// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { MessageChannel, receiveMessageOnPort } from "node:worker_threads";
import type { SecurityEvent } from "../../event/index.ts";
import {
  FeatureFeed,
  FeedReader,
  leftOutOf,
  MAX_WAITING_EVENTS,
  newFeedMemory,
  type StreamNews,
} from "./feed.ts";

const event = (pid: number, taskId: string): SecurityEvent =>
  ({ pid, hook: "file_open", task: { taskId } }) as SecurityEvent;

function feed() {
  const { port1, port2 } = new MessageChannel();
  const memory = newFeedMemory();
  const news = (): StreamNews[] => {
    const found: StreamNews[] = [];
    for (let one = receiveMessageOnPort(port1); one; one = receiveMessageOnPort(port1))
      found.push(one.message as StreamNews);
    return found;
  };
  return {
    memory,
    news,
    writer: new FeatureFeed({ port: port2, memory }),
    reader: new FeedReader(memory),
  };
}

test("events are read as they were put down, once they were sent, and streams are told of before", () => {
  const { writer, reader, news } = feed();
  writer.add(event(7, "ab"), "one");
  writer.add(event(7, "ab"), "two");
  assert.equal(reader.waiting, 0);
  writer.send();
  writer.add(event(7, "cd"), "one");
  writer.send();
  assert.deepEqual(news(), [
    { stream: 0, pid: 7, taskId: "ab" },
    { ended: 0, at: 2 },
    { stream: 1, pid: 7, taskId: "cd" },
  ]);
  assert.equal(reader.isBehind(2), false);
  const read = [...reader.take(10)].map(({ stream, behaviour, hook }) => [stream, behaviour, hook]);
  assert.deepEqual(read, [
    [0, 0, "file_open"],
    [0, 1, "file_open"],
    [1, 0, "file_open"],
  ]);
  assert.equal(reader.isBehind(2), true);
  writer.close();
});

test("what finds no room is left out and counted, and room that was read is used again", () => {
  const { writer, reader, memory } = feed();
  for (let n = 0; n < MAX_WAITING_EVENTS + 5; n++) writer.add(event(7, "ab"), `${n % 3}`);
  writer.send();
  assert.deepEqual([reader.waiting, leftOutOf(memory)], [MAX_WAITING_EVENTS, 5]);
  assert.equal([...reader.take(10)].length, 10);
  writer.add(event(7, "ab"), "new");
  writer.send();
  const rest = [...reader.take(MAX_WAITING_EVENTS)];
  assert.deepEqual([rest.length, rest.at(-1)?.behaviour], [MAX_WAITING_EVENTS - 9, 3]);
  assert.equal(leftOutOf(memory), 5);
  writer.close();
});
