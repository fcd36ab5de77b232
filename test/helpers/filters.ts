// SPDX-License-Identifier: Apache-2.0
// Small seccomp filters written by hand, for tests of the launcher: no table of the sensor is involved.

const MACHINE = process.arch === "arm64" ? 1 : 0;
/** [x86-64, aarch64] */
const NUMBERS = {
  execve: [59, 221],
  openat: [257, 56],
  connect: [42, 203],
  seccomp: [317, 277],
  pidfd_getfd: [438, 438],
  close_range: [436, 436],
} as const;

export type CallName = keyof typeof NUMBERS;

const LOAD_NUMBER = { code: 0x20, jt: 0, jf: 0, k: 0 };
const ALLOW = 0x7fff0000;
const NOTIFY = 0x7fc00000;
const ERRNO = 0x50000;

/** A filter that holds these calls for a listener. */
export function notifying(...calls: readonly CallName[]): Uint8Array {
  return answering(calls, NOTIFY);
}

/** A filter that lets these calls fail with an errno. */
export function refusing(errno: number, ...calls: readonly CallName[]): Uint8Array {
  return answering(calls, ERRNO | errno);
}

function answering(calls: readonly CallName[], answer: number): Uint8Array {
  const program = [
    LOAD_NUMBER,
    ...calls.flatMap((name) => [
      { code: 0x15, jt: 0, jf: 1, k: NUMBERS[name][MACHINE] },
      { code: 0x06, jt: 0, jf: 0, k: answer },
    ]),
    { code: 0x06, jt: 0, jf: 0, k: ALLOW },
  ];
  const bytes = new Uint8Array(8 * program.length);
  const view = new DataView(bytes.buffer);
  program.forEach(({ code, jt, jf, k }, i) => {
    view.setUint16(8 * i, code, true);
    view.setUint8(8 * i + 2, jt);
    view.setUint8(8 * i + 3, jf);
    view.setUint32(8 * i + 4, k, true);
  });
  return bytes;
}
