// SPDX-License-Identifier: Apache-2.0
// Prints the monotonic clock (ns) as its first act: when the workload's own code began to run.
#include "measure.h"

int main(void) {
  printf("%lld\n", now_ns());
  return 0;
}
