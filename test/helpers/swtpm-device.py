# SPDX-License-Identifier: Apache-2.0
# A TPM in software behind a character device: a terminal without any rules. Prints the device, then is the emulator.
import os
import sys
import tty

master, slave = os.openpty()
tty.setraw(slave)
os.set_inheritable(master, True)
# Held open, so that the device does not end when its first user closes it.
os.set_inheritable(slave, True)
print(os.ttyname(slave), flush=True)
folder = sys.argv[1]
arguments = ["--tpmstate", "dir=" + folder, "--fd", str(master), "--flags", "not-need-init,startup-clear"]
os.execv("/usr/bin/swtpm", ["swtpm", "chardev", "--tpm2", *arguments, "--log", "file=" + folder + "/swtpm.log"])
