// SPDX-License-Identifier: Apache-2.0
// Handler by name, as table.ts names them.
import type { Call } from "../call.ts";
import type { Reply } from "../reply.ts";
import type { HandlerName } from "../rule.ts";
import * as attributes from "./attributes.ts";
import * as control from "./control.ts";
import { exec } from "./exec.ts";
import * as memory from "./memory.ts";
import * as message from "./message.ts";
import * as mount from "./mount.ts";
import * as names from "./names.ts";
import { open } from "./open.ts";
import * as other from "./other.ts";
import * as socket from "./socket.ts";
import * as supervised from "./supervised.ts";
import * as task from "./task.ts";

/** Answers one held call. May throw Unseen. */
export type Handler = (call: Call) => Reply;

export const HANDLERS: Readonly<Record<HandlerName, Handler>> = {
  open,
  exec,
  remove: names.remove,
  rename: names.rename,
  link: names.link,
  symlink: names.symlink,
  mkdir: names.mkdir,
  mknod: names.mknod,
  chmod: attributes.chmod,
  chown: attributes.chown,
  truncate: attributes.truncate,
  setxattr: attributes.setxattr,
  removexattr: attributes.removexattr,
  mount: mount.mount,
  umount: mount.umount,
  twoPaths: mount.twoPaths,
  chroot: mount.chroot,
  namespaces: mount.namespaces,
  socketCreate: socket.create,
  socketPair: socket.pair,
  connect: socket.connect,
  bind: socket.bind,
  listen: socket.listen,
  accept: socket.accept,
  sendto: message.sendto,
  sendmsg: message.sendmsg,
  kill: task.kill,
  ptrace: task.ptrace,
  accessTask: task.accessTask,
  setIds: task.setIds,
  setGroups: task.setGroups,
  capset: task.capset,
  prctl: task.prctl,
  mmap: memory.mmap,
  mprotect: memory.mprotect,
  loadData: other.loadData,
  readFile: other.readFile,
  restrictSelf: other.restrictSelf,
  ioctl: other.ioctl,
  syslog: other.syslog,
  bpf: other.bpf,
  settime: other.settime,
  plain: other.plain,
  clone: control.clone,
  prlimit: supervised.prlimit,
  schedule: supervised.schedule,
  priority: supervised.priority,
  signalOwner: supervised.signalOwner,
};
