// SPDX-License-Identifier: Apache-2.0
// What Galgo and the launcher of a workload in a TSEM namespace say to each other (see PROTOCOL.md).
// src/sensor/tsem/launch-protocol.ts has the same numbers under the same names without GALGO_TSEM_; a test compares them.
#ifndef GALGO_TSEM_PROTOCOL_H
#define GALGO_TSEM_PROTOCOL_H

#define GALGO_TSEM_MAGIC 0x31544c47 // "GLT1": the digit changes with the protocol
#define GALGO_TSEM_MAX_LINE 127     // of a command, newline included

// Galgo to launcher
#define GALGO_TSEM_ORDER_START 1
#define GALGO_TSEM_ORDER_WRITE 2
#define GALGO_TSEM_ORDER_GO 3

// flags of START
#define GALGO_TSEM_FLAG_DIE_WITH_GALGO 1

// launcher to Galgo
#define GALGO_TSEM_REPORT_READY 1
#define GALGO_TSEM_REPORT_WROTE 2
#define GALGO_TSEM_REPORT_FAILED 3

// steps in a FAILED report
#define GALGO_TSEM_STEP_PROTOCOL 1
#define GALGO_TSEM_STEP_CAPABILITY 2
#define GALGO_TSEM_STEP_EXEC 3

// Galgo to the watch
#define GALGO_TSEM_WATCH_FIRST_ENDED 1
#define GALGO_TSEM_WATCH_LEAVE 2

#endif
