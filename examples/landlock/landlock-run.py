#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a command under rules that `galgo model export --to landlock` wrote: landlock-run.py RULES COMMAND [ARG...]

Needs nothing but Python and a kernel with the Landlock ABI that the rules ask for. The form is described in docs/export.md.
What can not be done as it stands in the rules is an error, never left out; only paths that are not there get no rule, and
then nothing is allowed at them.
"""
import ctypes
import json
import os
import shutil
import stat
import struct
import sys

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
PATH_BENEATH, NET_PORT = 1, 2
PR_SET_NO_NEW_PRIVS = 38
# in the order of their bits (linux/landlock.h)
FS = (
    "execute write_file read_file read_dir remove_dir remove_file make_char make_dir make_reg make_sock make_fifo "
    "make_block make_sym refer truncate ioctl_dev"
).split()
NET = ["bind_tcp", "connect_tcp"]
SCOPED = ["abstract_unix_socket", "signal"]

libc = ctypes.CDLL(None, use_errno=True)


def fail(text):
    sys.exit(f"landlock-run: {text}")


def call(name, *arguments):
    result = libc.syscall(*(ctypes.c_long(a) if isinstance(a, int) else a for a in arguments))
    if result < 0:
        fail(f"{name}: {os.strerror(ctypes.get_errno())}")
    return result


def bits(table, names):
    unknown = [name for name in names if name not in table]
    if unknown:
        fail(f"unknown rights: {', '.join(unknown)}")
    return sum(1 << table.index(name) for name in set(names))


def allow_path(ruleset, rule):
    try:
        fd = os.open(rule["path"], os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        print(f"landlock-run: no rule for {rule['path']}: {error.strerror}", file=sys.stderr)
        return
    if stat.S_ISDIR(os.fstat(fd).st_mode) != (rule["object"] == "directory"):
        fail(f"{rule['path']} is not a {rule['object']} any more")
    attributes = struct.pack("=Qi", bits(FS, rule["allowedAccess"]), fd)
    call(f"rule for {rule['path']}", ADD_RULE, ruleset, PATH_BENEATH, attributes, 0)
    os.close(fd)


def allow_ports(ruleset, rule):
    first, last = rule.get("from", rule.get("port")), rule.get("to", rule.get("port"))
    for port in range(first, last + 1):
        attributes = struct.pack("=QQ", bits(NET, rule["allowedAccess"]), port)
        call(f"rule for port {port}", ADD_RULE, ruleset, NET_PORT, attributes, 0)


def main():
    if len(sys.argv) < 3:
        fail("RULES COMMAND [ARG...]")
    with open(sys.argv[1], encoding="utf-8", errors="surrogateescape") as file:
        form = json.load(file)
    if (form.get("apiVersion"), form.get("kind")) != ("galgo.dev/v1", "LandlockRuleset"):
        fail(f"{sys.argv[1]} holds no Landlock rules of Galgo")
    spec = form["spec"]
    # looked for now: under the rules Python itself may not load any more of its modules
    program = shutil.which(sys.argv[2])
    if program is None:
        fail(f"{sys.argv[2]}: not found")
    abi = call("this kernel has no Landlock", CREATE_RULESET, None, 0, 1)
    if abi < spec["abi"]:
        fail(f"the rules need Landlock ABI {spec['abi']}, this kernel has {abi}: some of them would not hold")
    handled = struct.pack(
        "=QQQ",
        bits(FS, spec["handledAccessFs"]),
        bits(NET, spec["handledAccessNet"]),
        bits(SCOPED, spec["scoped"]),
    )
    ruleset = call("landlock_create_ruleset", CREATE_RULESET, handled, len(handled), 0)
    for rule in spec["rules"]:
        (allow_path if rule["type"] == "path_beneath" else allow_ports)(ruleset, rule)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0:
        fail(f"no_new_privs: {os.strerror(ctypes.get_errno())}")
    call("landlock_restrict_self", RESTRICT_SELF, ruleset, 0)
    try:
        os.execv(program, sys.argv[2:])
    except OSError as error:
        fail(f"{sys.argv[2]}: {error.strerror}")


main()
