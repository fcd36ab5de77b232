// SPDX-License-Identifier: Apache-2.0
// Time and quantiles, shared by the programs of the benches.
#ifndef MEASURE_H
#define MEASURE_H
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline long long now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static inline void die(const char *what) {
  perror(what);
  exit(99);
}

static int by_value(const void *a, const void *b) {
  long long x = *(const long long *)a, y = *(const long long *)b;
  return x < y ? -1 : x > y;
}

// Sorts the samples. Prints {"n":..,"p50":..,"p99":..,"mean":..,"max":..} in ns.
static inline void print_summary(long long *samples, int count) {
  long long sum = 0;
  qsort(samples, count, sizeof *samples, by_value);
  for (int i = 0; i < count; i++) sum += samples[i];
  printf("{\"n\":%d,\"p50\":%lld,\"p99\":%lld,\"mean\":%lld,\"max\":%lld}", count, samples[count / 2],
         samples[(long long)count * 99 / 100], sum / count, samples[count - 1]);
}
#endif
