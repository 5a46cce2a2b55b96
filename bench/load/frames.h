// Owns the bytes of the load programs: WebSocket frame heads, the `"t":` marks in a payload, and filled-in templates.
// Knows no sockets. Little-endian machines only, which is where the benchmarks run.
#pragma once
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct {
  int fin, compressed, opcode;
  size_t head, length;
} frame;

static inline int64_t wall_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/** Read a server's frame head (unmasked). Returns 0 while bytes are missing. */
static inline int read_head(const uint8_t *p, size_t n, frame *f) {
  if (n < 2) return 0;
  f->fin = p[0] >> 7;
  f->compressed = (p[0] >> 6) & 1;
  f->opcode = p[0] & 15;
  f->length = p[1] & 127;
  f->head = f->length == 126 ? 4 : f->length == 127 ? 10 : 2;
  if (n < f->head) return 0;
  if (f->head == 4) f->length = (size_t)p[2] << 8 | p[3];
  if (f->head == 10) {
    f->length = 0;
    for (int i = 2; i < 10; i++) f->length = f->length << 8 | p[i];
  }
  return 1;
}

/** Write a frame head. A masked one gets the key 0, with which the payload stays as it is. Returns its size. */
static inline size_t write_head(uint8_t *p, int opcode, size_t length, int masked) {
  size_t n = 2;
  p[0] = (uint8_t)(0x80 | opcode);
  if (length < 126) p[1] = (uint8_t)length;
  else if (length < 65536) {
    p[1] = 126;
    p[2] = (uint8_t)(length >> 8);
    p[3] = (uint8_t)length;
    n = 4;
  } else {
    p[1] = 127;
    for (int i = 0; i < 8; i++) p[2 + i] = (uint8_t)(length >> (56 - 8 * i));
    n = 10;
  }
  if (masked) {
    p[1] |= 0x80;
    memset(p + n, 0, 4);
    n += 4;
  }
  return n;
}

static inline int64_t digits(const uint8_t *p, const uint8_t *end) {
  int64_t value = 0;
  while (p < end && *p >= '0' && *p <= '9') value = value * 10 + (*p++ - '0');
  return value;
}

static inline int is_mark(const uint8_t *p) {
  uint32_t word;
  memcpy(&word, p, 4);
  return word == 0x3a227422; // "t":
}

/** The time in the last mark of a payload, in microseconds since 1970; 0 where there is none. */
static inline int64_t last_mark(const uint8_t *p, size_t n) {
  for (const uint8_t *at = p + n - 4; n >= 4 && at >= p; at--)
    if (is_mark(at)) return digits(at + 4, p + n);
  return 0;
}

/** The number after the member `name` (with quotes and colon) in the first bytes of a payload; -1 where there is none. */
static inline int64_t member(const uint8_t *p, size_t n, const char *name) {
  size_t size = strlen(name);
  const uint8_t *at = memmem(p, n, name, size);
  return at == NULL ? -1 : digits(at + size, p + n);
}

/** Copy a template with `{i}` replaced by a socket's number and `{to}` by the position it has seen last. */
static inline size_t fill(char *out, size_t room, const char *template, long i, int64_t to) {
  size_t n = 0;
  while (*template && n + 24 < room) {
    if (strncmp(template, "{i}", 3) == 0) {
      n += (size_t)sprintf(out + n, "%ld", i);
      template += 3;
    } else if (strncmp(template, "{to}", 4) == 0) {
      n += (size_t)sprintf(out + n, "%ld", (long)to);
      template += 4;
    } else out[n++] = *template++;
  }
  out[n] = 0;
  return n;
}
