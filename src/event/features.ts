// SPDX-License-Identifier: Apache-2.0
// Names of features of sensors that others than the sensor itself decide by.

/** What is not held is decided all the same, by programs in the kernel, where it happens. */
export const DECIDES_ATOMIC = "decides-atomic";
