// Owns the sockets of the load client: opening, reading by frames, acknowledging, reading slowly or not at all.
// Does not own the options' text, the commands or the loop: see fan-client.c.
#pragma once
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "messages.h"

enum { CLOSED, CONNECTING, HANDSHAKE, OPEN };
#define MAX_TEXTS 8
#define TICK_MS 100
#define ACK_BYTES 32768
#define ACK_US 5000000

typedef struct {
  int fd, state;
  uint8_t *held; // an incomplete frame
  size_t filled, room;
  uint64_t messages, syncs, unacknowledged;
  int64_t to, opened_at;
  int64_t waiting_since; // the first position that is not acknowledged came then; 0 for none
  int synced;
} client;

static struct {
  int port, sources, raw, engine_io, never_read, ack;
  long sockets, slow, sample;
  int64_t to; // where each socket's replica stands before it was told anything
  const char *path, *protocol, *extensions, *text[MAX_TEXTS];
  int texts;
} options = {.path = "/", .sources = 1, .sockets = 1, .sample = 20};

static client *list;
static int epoll;
static long in_flight, open_count;
static int64_t opening_since, last_advance_at;
static uint8_t chunk[1 << 16];

static void hang_up(client *c) {
  if (c->state == CONNECTING || c->state == HANDSHAKE) in_flight--, all.failed++;
  if (c->state == OPEN) open_count--, all.closed++;
  c->state = CLOSED;
  close(c->fd);
  free(c->held);
  c->held = NULL;
  c->filled = c->room = 0;
}

static void write_all(client *c, const void *bytes, size_t n) {
  if (send(c->fd, bytes, n, MSG_NOSIGNAL) != (ssize_t)n) all.unwritten++;
}

static void send_frame(client *c, int opcode, const void *payload, size_t n) {
  uint8_t out[8192];
  if (n > sizeof out - 14) return;
  size_t head = write_head(out, opcode, n, 1);
  memcpy(out + head, payload, n);
  write_all(c, out, head + n);
}

static void send_text(client *c, const char *template) {
  char text[8000];
  send_frame(c, 1, text, fill(text, sizeof text, template, c - list, c->to));
}

static void acknowledge(client *c) {
  char text[256];
  int n = snprintf(text, sizeof text, "{\"jsonrpc\":\"2.0\",\"method\":\"ack\",\"params\":{\"syncs\":%ld}}", (long)c->syncs);
  send_frame(c, 1, text, (size_t)n);
  c->unacknowledged = 0;
  c->waiting_since = 0;
  all.acks++;
}

static void on_message(client *c, const frame *f, const uint8_t *p) {
  c->messages++;
  all.messages++;
  if (options.engine_io && f->length == 1 && *p == '2') return send_frame(c, 1, "3", 1);
  int64_t to = learn(p, f->length, f->compressed, options.sample > 0 && (c - list) % options.sample == 0, options.ack);
  if (!options.ack || !was_sync) return;
  c->syncs++, all.syncs++;
  int64_t now = wall_us();
  if (to > c->to) last_advance_at = now;
  if (to >= 0) c->to = to;
  // A page that others follow has no position: the replica is whole only with the last one.
  if (to >= 0 && !c->synced) record(&all.first, now - c->opened_at), c->synced = 1;
  if (c->waiting_since == 0) c->waiting_since = now;
  c->unacknowledged += f->head + f->length;
  if (c->unacknowledged >= ACK_BYTES || now - c->waiting_since >= ACK_US) acknowledge(c);
}

/** Take the frames that are complete. Returns how many bytes they were; the socket may be closed then. */
static size_t on_bytes(client *c, const uint8_t *p, size_t n) {
  size_t at = 0;
  if (c->state == HANDSHAKE) {
    const uint8_t *end = memmem(p, n, "\r\n\r\n", 4);
    if (end == NULL) return 0;
    if (n < 12 || memcmp(p, "HTTP/1.1 101", 12) != 0) return hang_up(c), n;
    at = (size_t)(end + 4 - p);
    in_flight--, open_count++, all.opened++;
    c->state = OPEN;
    for (int i = 0; i < options.texts; i++) send_text(c, options.text[i]);
  }
  frame f;
  while (c->state == OPEN && read_head(p + at, n - at, &f) && n - at - f.head >= f.length) {
    const uint8_t *payload = p + at + f.head;
    if (f.opcode == 8) return hang_up(c), n;
    if (f.opcode == 9) send_frame(c, 10, payload, f.length);
    if (f.opcode <= 2 && f.fin) on_message(c, &f, payload);
    at += f.head + f.length;
  }
  return at;
}

static void hold(client *c, const uint8_t *p, size_t n) {
  if (c->filled + n > c->room) {
    c->room = (c->filled + n) * 2;
    c->held = realloc(c->held, c->room);
  }
  memcpy(c->held + c->filled, p, n);
  c->filled += n;
}

static void on_readable(client *c, size_t most) {
  ssize_t n = recv(c->fd, chunk, most, MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) return hang_up(c);
  all.bytes += (uint64_t)n;
  if (c->filled == 0) {
    size_t used = on_bytes(c, chunk, (size_t)n);
    if (c->state != CLOSED && used < (size_t)n) hold(c, chunk + used, (size_t)n - used);
    return;
  }
  hold(c, chunk, (size_t)n);
  size_t used = on_bytes(c, c->held, c->filled);
  if (c->state == CLOSED) return;
  memmove(c->held, c->held + used, c->filled - used);
  c->filled -= used;
}

static void watch(client *c, uint32_t events, int how) {
  struct epoll_event event = {.events = events, .data.ptr = c};
  epoll_ctl(epoll, how, c->fd, &event);
}

static void open_one(client *c) {
  long i = c - list;
  int on = 1;
  struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001 + (uint32_t)(i % options.sources))};
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)options.port), .sin_addr.s_addr = htonl(0x7f000001)};
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (c->fd < 0) {
    all.failed++;
    return;
  }
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  if (options.sources > 1) bind(c->fd, (struct sockaddr *)&from, sizeof from);
  c->state = CONNECTING;
  c->opened_at = wall_us();
  c->waiting_since = 0;
  c->synced = 0;
  in_flight++;
  if (connect(c->fd, (struct sockaddr *)&to, sizeof to) != 0 && errno != EINPROGRESS) return hang_up(c);
  watch(c, EPOLLOUT, EPOLL_CTL_ADD);
}

static void on_connected(client *c) {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return hang_up(c);
  watch(c, EPOLLIN, EPOLL_CTL_MOD);
  if (options.raw) {
    in_flight--, open_count++, all.opened++;
    c->state = OPEN;
    return;
  }
  c->state = HANDSHAKE;
  char path[1024], request[4096];
  fill(path, sizeof path, options.path, c - list, c->to);
  int n = snprintf(request, sizeof request,
                   "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s%s%s%s%s%s\r\n",
                   path, options.port, options.protocol ? "Sec-WebSocket-Protocol: " : "",
                   options.protocol ? options.protocol : "", options.protocol ? "\r\n" : "",
                   options.extensions ? "Sec-WebSocket-Extensions: " : "",
                   options.extensions ? options.extensions : "", options.extensions ? "\r\n" : "");
  write_all(c, request, (size_t)n);
}

static void on_client(client *c) {
  if (c->state == CLOSED) return;
  if (c->state == CONNECTING) return on_connected(c);
  int was_open = c->state == OPEN;
  // From the open socket on, a slow client reads by the tick and a stuck one never: only the end is heard of.
  int by_tick = options.slow > 0 || options.never_read;
  if (was_open && by_tick) return hang_up(c);
  on_readable(c, sizeof chunk);
  if (!was_open && c->state == OPEN && by_tick) watch(c, EPOLLRDHUP, EPOLL_CTL_MOD);
}

static void on_tick(void) {
  int64_t now = wall_us();
  for (client *c = list; c < list + options.sockets; c++) {
    if (c->state != OPEN) continue;
    if (options.slow > 0) on_readable(c, (size_t)(options.slow * TICK_MS / 1000 + 1));
    if (c->state == OPEN && c->waiting_since > 0 && now - c->waiting_since >= ACK_US) acknowledge(c);
  }
}
