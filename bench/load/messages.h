// Owns what the load client learns from messages: counts, ages of changes, positions; and the decompressing that needs.
// Knows no sockets beyond their counters.
#pragma once
#include "frames.h"
#include "histogram.h"
#if !defined(NO_ZLIB)
#include <zlib.h>
#endif

typedef struct {
  uint64_t messages, syncs, bytes, marks, opened, closed, failed, acks, unwritten;
  /** From `"t":` until received: the newest of each message; every one on sampled sockets; and from connect to first sync. */
  histogram newest, every, first;
} totals;

static totals all;

#if !defined(NO_ZLIB)
static z_stream inflater;
static uint8_t plain[1 << 20];
/** Decompress at most `room` bytes of a message that was compressed without history. Returns how many there are. */
static size_t decompress(const uint8_t *p, size_t n, size_t room) {
  if (inflater.state == NULL && inflateInit2(&inflater, -15) != Z_OK) return 0;
  inflateReset(&inflater);
  inflater.next_in = (uint8_t *)p;
  inflater.avail_in = (unsigned)n;
  inflater.next_out = plain;
  inflater.avail_out = (unsigned)(room < sizeof plain ? room : sizeof plain);
  inflate(&inflater, Z_SYNC_FLUSH);
  return (size_t)(inflater.next_out - plain);
}
#else
static uint8_t plain[1];
static size_t decompress(const uint8_t *p, size_t n, size_t room) { return (void)p, (void)n, (void)room, 0; }
#endif

/** Whether the message that was looked at last is a sync; only told where positions are asked for. */
static int was_sync;

/**
 * Count a message and the ages of its changes. Returns the position in its first 200 bytes where `positions` asks for
 * it, or -1. Of a compressed message only sampled sockets read all: the load must not become the limit.
 */
static int64_t learn(const uint8_t *p, size_t n, int compressed, int sampled, int positions) {
  if (compressed) {
    if (!sampled && !positions) return -1;
    n = decompress(p, n, sampled ? sizeof plain : 200);
    p = plain;
  }
  was_sync = positions && memmem(p, n < 64 ? n : 64, "\"sync\"", 6) != NULL;
  int64_t now = wall_us(), newest = last_mark(p, n);
  if (newest > 0) record(&all.newest, now - newest);
  if (sampled && newest > 0) {
    const uint8_t *at = p, *end = p + n;
    while ((at = memmem(at, (size_t)(end - at), "\"t\":", 4)) != NULL) {
      at += 4;
      record(&all.every, now - digits(at, end));
      all.marks++;
    }
  }
  return positions ? member(p, n < 200 ? n : 200, "\"to\":") : -1;
}
