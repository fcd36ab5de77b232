// SPDX-License-Identifier: Apache-2.0
// Boots a guest, prints the pid of what emulates it, and waits to be killed (a test of the host does that).
import { Guest } from "./guest.ts";

const guest = await Guest.boot({ kernel: "6.12", memory: 1024 });
console.log(guest.pid);
setInterval(() => {}, 1 << 30);
