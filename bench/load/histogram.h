// Owns a histogram of microseconds: 32 buckets per power of two (error below 3 %), so that recording costs nanoseconds.
#pragma once
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define BUCKETS (64 * 32)

typedef struct {
  uint64_t count, max;
  double sum;
  uint32_t bucket[BUCKETS];
} histogram;

static inline uint32_t bucket_of(uint64_t us) {
  if (us < 32) return (uint32_t)us;
  int power = 63 - __builtin_clzll(us);
  return (uint32_t)((power - 4) * 32 + ((us >> (power - 5)) & 31));
}

static inline uint64_t bucket_top(uint32_t index) {
  if (index < 32) return index;
  int power = (int)(index / 32) + 4;
  return ((32ull + index % 32 + 1) << (power - 5)) - 1;
}

/** Clocks of two processes may differ by some microseconds: what is before its time counts as none. */
static inline void record(histogram *h, int64_t us) {
  uint64_t value = us < 0 ? 0 : (uint64_t)us;
  h->bucket[bucket_of(value)]++;
  h->count++;
  h->sum += (double)value;
  if (value > h->max) h->max = value;
}

static inline uint64_t quantile(const histogram *h, double q) {
  uint64_t wanted = (uint64_t)(q * (double)h->count), seen = 0;
  for (uint32_t i = 0; i < BUCKETS; i++) {
    seen += h->bucket[i];
    if (seen > wanted) return bucket_top(i) < h->max ? bucket_top(i) : h->max;
  }
  return h->max;
}

static inline void print_histogram(const char *name, const histogram *h) {
  printf("\"%s\":{\"count\":%lu,\"meanUs\":%.1f,\"p50Us\":%lu,\"p99Us\":%lu,\"p999Us\":%lu,\"maxUs\":%lu}", name,
         h->count, h->count ? h->sum / (double)h->count : 0.0, quantile(h, 0.5), quantile(h, 0.99), quantile(h, 0.999),
         h->max);
}
