# SPDX-License-Identifier: Apache-2.0
# A serial port with somebody on its wire: starts QEMU with firmware, gives its port as a pseudo-terminal whose name it prints, and does to
# what the board says what it is told on standard input, a word a line: honest, damage (each 150th piece, and QEMU sends single bytes), forge (a whole
# message that is not the board's, in the place of each answer), silence, kill (kills the board). Ends with its standard input.
import os, select, signal, socket, subprocess, sys, tty, zlib

board, firmware = sys.argv[1:3]
ours, theirs = socket.socketpair()
qemu = subprocess.Popen(
    ["qemu-system-arm", "-M", board, "-nodefaults", "-no-user-config", "-display", "none", "-monitor", "none", "-kernel", firmware,
     "-chardev", f"socket,id=link,fd={theirs.fileno()}", "-serial", "chardev:link"],
    pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=sys.stderr)
theirs.close()
master, slave = os.openpty()
tty.setraw(slave)
print(os.ttyname(slave), flush=True)


def cobs(data):
    out, run = bytearray(), bytearray()
    for byte in data + b"\0":
        if byte:
            run.append(byte)
            continue
        out += bytes([len(run) + 1]) + run
        run.clear()
    return bytes(out) + b"\0"


def number(frame):
    """Of a message that Galgo sent, given as its frame without the zero: the bytes behind version and kind."""
    data, at = bytearray(), 0
    while at < len(frame):
        code = frame[at]
        data += frame[at + 1:at + code] + (b"\0" if code < 255 else b"")
        at += code
    return int.from_bytes(data[2:10], "little")


def forged(sequence):
    body = bytes([1, 0x88]) + sequence.to_bytes(8, "little") + b"\1" + os.urandom(32)
    return cobs(body + zlib.crc32(body).to_bytes(4, "little"))


mode, pieces, sequence, asked = "honest", 0, 0, b""
while True:
    ready, _, _ = select.select([ours, master, sys.stdin], [], [])
    if sys.stdin in ready:
        word = sys.stdin.readline().strip()
        if word == "":
            break
        if word == "kill":
            qemu.kill()
        else:
            mode = word
        print("done", flush=True)
    if master in ready:
        data = os.read(master, 4096)
        ours.sendall(data)
        *whole, asked = (asked + data).split(b"\0")
        for frame in filter(None, whole):
            sequence = number(frame)
    if ours in ready:
        data = ours.recv(4096)
        if data == b"":
            break
        pieces += 1
        if mode == "damage" and pieces % 150 == 0:
            data = data[:1] + bytes([data[1] ^ 4]) + data[2:] if len(data) > 1 else bytes([data[0] ^ 4])
        if mode == "forge":
            data = forged(sequence)
        if mode != "silence":
            os.write(master, data)
os.close(master)
qemu.kill()
qemu.wait()
