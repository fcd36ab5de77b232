// SPDX-License-Identifier: Apache-2.0
// What Galgo and the guard say to each other (see PROTOCOL.md). src/sensor/seccomp/launch-protocol.ts has the same
// numbers under the same names without GALGO_; a test compares them.
#ifndef GALGO_PROTOCOL_H
#define GALGO_PROTOCOL_H

#define GALGO_MAGIC 0x33474c47 // "GLG3": the digit changes with the protocol
#define GALGO_MAX_INSTRUCTIONS 4096

// flags of the start message
#define GALGO_FLAG_NO_NEW_PRIVS 1
#define GALGO_FLAG_LANDLOCK 2

// Galgo to guard
#define GALGO_ORDER_GO 1
#define GALGO_ORDER_KILL 2
#define GALGO_ORDER_SIGNAL 3

// guard to Galgo
#define GALGO_REPORT_READY 1
#define GALGO_REPORT_FAILED 2
#define GALGO_REPORT_EXITED 3
#define GALGO_REPORT_STOPPED 4
#define GALGO_REPORT_DRAINED 5

// features in a READY report
#define GALGO_FEATURE_WAIT_KILLABLE 1
#define GALGO_FEATURE_IN_CGROUP 2

// steps in a FAILED report
#define GALGO_STEP_PROTOCOL 1
#define GALGO_STEP_GUARD 2
#define GALGO_STEP_FORK 3
#define GALGO_STEP_NO_NEW_PRIVS 4
#define GALGO_STEP_FILTER 5
#define GALGO_STEP_LISTENER 6
#define GALGO_STEP_EXEC 7
#define GALGO_STEP_LANDLOCK 8

#endif
