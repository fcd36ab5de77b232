// SPDX-License-Identifier: Apache-2.0
// The thread of responder.ts: poll, receive, continue.
import { workerData } from "node:worker_threads";
import { libc } from "../../src/native/libc.ffi.ts";

const RECV = 0xc0502100;
const SEND = 0xc0182101;
const NOTIFICATION_BYTES = 80;
const RESPONSE_BYTES = 24;
const FLAG_CONTINUE = 1;
const POLLIN = 1;

const ioctl = libc().func("int ioctl(int, unsigned long, void *)");
const poll = libc().func("int poll(void *, unsigned long, int)");

const { listenerFd } = workerData as { listenerFd: number };
const polled = Buffer.alloc(8);
const notification = Buffer.alloc(NOTIFICATION_BYTES);
const response = Buffer.alloc(RESPONSE_BYTES);

for (;;) {
  polled.writeInt32LE(listenerFd, 0);
  polled.writeInt16LE(POLLIN, 4);
  poll(polled, 1, -1);
  if ((polled.readInt16LE(6) & POLLIN) === 0) break; // no filtered task is left
  notification.fill(0);
  if (ioctl(listenerFd, RECV, notification) < 0) continue;
  response.fill(0);
  notification.copy(response, 0, 0, 8);
  response.writeUInt32LE(FLAG_CONTINUE, 20);
  ioctl(listenerFd, SEND, response);
}
