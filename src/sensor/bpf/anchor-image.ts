// SPDX-License-Identifier: Apache-2.0
// The anchor's program, made here: an ELF file of about 250 bytes that needs no compiler. It asks to be killed with the thread
// that started it, and ends at once when that is gone already; leaves the terminal; blocks every signal that can be blocked;
// closes all descriptors; and sleeps.

const ELF_HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;
const LOAD_ADDRESS = 0x400000n;
const EXECUTABLE_TYPE = 2;
const PT_LOAD = 1;
const READ_AND_EXECUTE = 5;
const PAGE_ALIGNMENT = 0x10000n;

interface Machine {
  /** e_machine */
  readonly elf: number;
  /** Ends in a mask of all signals and the pid of the process that starts the anchor (4 bytes, written below). */
  readonly code: readonly string[];
}

/** prctl(PR_SET_PDEATHSIG, SIGKILL); getppid() == parent, else exit_group(0); setsid(); rt_sigprocmask(SIG_BLOCK, all);
 *  close_range(0, ~0, 0); for (;;) ppoll(0, 0, 0, 0); */
const MACHINES: Readonly<Record<string, Machine>> = {
  x64: {
    elf: 62,
    code: [
      "bf01000000 be09000000 b89d000000 0f05", // mov $1, %edi; mov $9, %esi; mov $157, %eax; syscall
      "b86e000000 0f05", // mov $110, %eax; syscall
      "3b0554000000 7541", // cmp parent(%rip), %eax; jne out
      "b870000000 0f05", // mov $112, %eax; syscall
      "31ff 488d353a000000 31d2 41ba08000000 b80e000000 0f05", // SIG_BLOCK, &all, 0, 8; mov $14, %eax; syscall
      "31ff beffffffff 31d2 b8b4010000 0f05", // 0, ~0, 0; mov $436, %eax; syscall
      "31ff 31f6 31d2 4531d2 b80f010000 0f05 ebee", // again: 0, 0, 0, 0; mov $271, %eax; syscall; jmp again
      "31ff b8e7000000 0f05", // out: 0; mov $231, %eax; syscall
      "ffffffffffffffff", // all
    ],
  },
  arm64: {
    elf: 183,
    code: [
      "200080d2 210180d2 e81480d2 010000d4", // mov x0, #1; mov x1, #9; mov x8, #167; svc #0
      "a81580d2 010000d4", // mov x8, #173; svc #0
      "81030018 1f00016b a1020054", // ldr w1, parent; cmp w0, w1; b.ne out
      "a81380d2 010000d4", // mov x8, #157; svc #0
      "000080d2 81020010 020080d2 030180d2 e81080d2 010000d4", // SIG_BLOCK, &all, 0, 8; mov x8, #135; svc #0
      "00008052 01008012 02008052 883680d2 010000d4", // 0, ~0, 0; mov x8, #436; svc #0
      "000080d2 010080d2 020080d2 030080d2 280980d2 010000d4 faffff17", // again: 0, 0, 0, 0; mov x8, #73; svc #0; b again
      "000080d2 c80b80d2 010000d4", // out: 0; mov x8, #94; svc #0
      "ffffffffffffffff", // all
    ],
  },
};

/**
 * The anchor's program file.
 * @param parent pid of the process that will start it
 * @returns undefined for a processor that Galgo has no code for
 */
export function anchorImage(parent: number, arch: string = process.arch): Buffer | undefined {
  const machine = MACHINES[arch];
  if (machine === undefined) return undefined;
  const code = Buffer.from(machine.code.join("").replaceAll(" ", ""), "hex");
  const start = ELF_HEADER_BYTES + PROGRAM_HEADER_BYTES;
  const image = Buffer.alloc(start + code.length + 4);
  writeElfHeader(image, machine.elf, LOAD_ADDRESS + BigInt(start));
  writeProgramHeader(image);
  code.copy(image, start);
  image.writeUInt32LE(parent, start + code.length);
  return image;
}

function writeElfHeader(image: Buffer, machine: number, entry: bigint): void {
  image.write("\x7fELF\x02\x01\x01", 0, "latin1"); // 64 bits, little-endian, version 1
  image.writeUInt16LE(EXECUTABLE_TYPE, 16);
  image.writeUInt16LE(machine, 18);
  image.writeUInt32LE(1, 20);
  image.writeBigUInt64LE(entry, 24);
  image.writeBigUInt64LE(BigInt(ELF_HEADER_BYTES), 32);
  image.writeUInt16LE(ELF_HEADER_BYTES, 52);
  image.writeUInt16LE(PROGRAM_HEADER_BYTES, 54);
  image.writeUInt16LE(1, 56);
}

function writeProgramHeader(image: Buffer): void {
  const size = BigInt(image.length);
  image.writeUInt32LE(PT_LOAD, 64);
  image.writeUInt32LE(READ_AND_EXECUTE, 68);
  image.writeBigUInt64LE(LOAD_ADDRESS, 80);
  image.writeBigUInt64LE(LOAD_ADDRESS, 88);
  image.writeBigUInt64LE(size, 96);
  image.writeBigUInt64LE(size, 104);
  image.writeBigUInt64LE(PAGE_ALIGNMENT, 112);
}
