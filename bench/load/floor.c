// Owns the floor of the fan-out benchmark: one payload to each socket by one send(2), and nothing else.
// It speaks the control lines of bench/peers/control.mjs; its clients take part without a handshake (fan-client --raw).
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "frames.h"

#define MAX_CLIENTS 20000
static int clients[MAX_CLIENTS];
static int count;

/** A change of `size` bytes in one frame, with its time at the end, as the other peers send it. */
static size_t build(uint8_t *out, size_t size) {
  char tail[40];
  size_t tail_size = (size_t)sprintf(tail, "\",\"t\":%ld}", (long)wall_us());
  size_t n = write_head(out, 1, size, 0);
  memset(out + n, 'x', size);
  memcpy(out + n, "{\"pad\":\"", 8);
  memcpy(out + n + size - tail_size, tail, tail_size);
  return n + size;
}

static void broadcast(size_t size, double per_second, double seconds) {
  uint8_t *payload = malloc(size + 16);
  long sent = 0, skipped = 0;
  int64_t started = wall_us();
  for (;; sent++) {
    int64_t due = started + (int64_t)((double)sent * 1e6 / per_second), now = wall_us();
    if (due >= started + (int64_t)(seconds * 1e6) || now >= started + (int64_t)(seconds * 1e6)) break;
    if (due > now) usleep((useconds_t)(due - now));
    size_t n = build(payload, size);
    for (int i = 0; i < count; i++)
      if (clients[i] >= 0 && send(clients[i], payload, n, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)n) skipped++;
  }
  printf("{\"done\":true,\"sent\":%ld,\"seconds\":%.3f,\"skipped\":%ld}\n", sent,
         (double)(wall_us() - started) / 1e6, skipped);
  free(payload);
}

static void take_in(int listener) {
  for (int fd; count < MAX_CLIENTS && (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    clients[count++] = fd;
  }
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  if (bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 4096) != 0) {
    perror("floor");
    return 1;
  }
  getsockname(listener, (struct sockaddr *)&address, &size);
  printf("{\"port\":%d,\"pids\":[%d]}\n", ntohs(address.sin_port), getpid());
  char line[256];
  size_t filled = 0;
  for (;;) {
    struct pollfd waiting[2] = {{.fd = listener, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
    poll(waiting, 2, -1);
    if (waiting[0].revents) take_in(listener);
    if (!waiting[1].revents) continue;
    ssize_t n = read(0, line + filled, sizeof line - 1 - filled);
    if (n <= 0) return 0;
    filled += (size_t)n;
    line[filled] = 0;
    char *end;
    while ((end = strchr(line, '\n')) != NULL) {
      *end = 0;
      size_t bytes;
      double per_second, seconds;
      if (sscanf(line, "broadcast %zu %lf %lf", &bytes, &per_second, &seconds) == 3 && bytes >= 64)
        broadcast(bytes, per_second, seconds);
      else printf("{\"done\":true}\n");
      filled -= (size_t)(end + 1 - line);
      memmove(line, end + 1, filled + 1);
    }
  }
}
