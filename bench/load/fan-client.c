// Owns the load client of the fan-out benchmarks: N WebSockets in one epoll loop; options, commands and reports.
// Commands by line on stdin: report, reset, send TEXT, close, open [MS], quit. Answers are JSON lines; SIGUSR1 reports too.
// `open` is a crowd that comes as fast as it is let in; with MS it comes evenly over that time, whoever waits.
// Invariant: it costs well below what any server under test does per message.
#define _GNU_SOURCE
#include <getopt.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include "clients.h"

#define IN_FLIGHT 128
static const char USAGE[] =
    "fan-client --port N [--sockets N] [--sources N]     how many sockets, from how many addresses 127.0.0.x\n"
    "  [--path P] [--protocol P] [--extensions E]        the handshake; {i} in P is the socket's number\n"
    "  [--text T]...                                     sent once the socket is open; {i} and {to} are filled in\n"
    "  [--to N]                                          the position that {to} begins with (default 0)\n"
    "  [--ack]                                           acknowledge syncs (as W-FLOW-1 says)\n"
    "  [--sample N]                                      look at every change on each N-th socket (default 20)\n"
    "  [--raw]                                           no handshake   [--engine-io] answer Engine.IO's pings\n"
    "  [--slow BYTES_PER_S] [--never-read]               all of these sockets read so\n";

static int announced;
static long next_to_open, opening_ms;

static void read_options(int argc, char **argv) {
  static const struct option known[] = {
      {"port", 1, 0, 'p'},      {"sockets", 1, 0, 'n'},   {"sources", 1, 0, 'f'}, {"path", 1, 0, 'u'},
      {"protocol", 1, 0, 'w'},  {"extensions", 1, 0, 'e'}, {"text", 1, 0, 't'},    {"ack", 0, 0, 'a'},
      {"sample", 1, 0, 'm'},    {"raw", 0, 0, 'r'},       {"engine-io", 0, 0, 'i'}, {"slow", 1, 0, 's'},
      {"never-read", 0, 0, 'z'}, {"to", 1, 0, 'o'},       {0, 0, 0, 0}};
  for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
    if (c == 'p') options.port = atoi(optarg);
    else if (c == 'n') options.sockets = atol(optarg);
    else if (c == 'f') options.sources = atoi(optarg);
    else if (c == 'u') options.path = optarg;
    else if (c == 'w') options.protocol = optarg;
    else if (c == 'e') options.extensions = optarg;
    else if (c == 't' && options.texts < MAX_TEXTS) options.text[options.texts++] = optarg;
    else if (c == 'a') options.ack = 1;
    else if (c == 'm') options.sample = atol(optarg);
    else if (c == 'r') options.raw = 1;
    else if (c == 'i') options.engine_io = 1;
    else if (c == 's') options.slow = atol(optarg);
    else if (c == 'z') options.never_read = 1;
    else if (c == 'o') options.to = atoll(optarg);
    else options.port = 0;
  }
  if (options.port > 0 && options.sources > 0 && options.sockets > 0) return;
  fputs(USAGE, stderr);
  exit(2);
}

static void report(void) {
  uint64_t least = UINT64_MAX, most = 0;
  int64_t least_to = INT64_MAX;
  long synced = 0;
  for (client *c = list; c < list + options.sockets; c++) {
    if (c->state != OPEN) continue;
    if (c->messages < least) least = c->messages;
    if (c->messages > most) most = c->messages;
    if (c->to < least_to) least_to = c->to;
    synced += c->synced;
  }
  printf("{\"open\":%ld,\"synced\":%ld,\"opened\":%lu,\"closed\":%lu,\"failed\":%lu,\"messages\":%lu,\"news\":%lu,\"bytes\":%lu,"
         "\"marks\":%lu,\"acks\":%lu,\"unwritten\":%lu,\"least\":%lu,\"most\":%lu,\"leastTo\":%ld,\"advancedMs\":%.1f,",
         open_count, synced, all.opened, all.closed, all.failed, all.messages,
         options.ack ? all.syncs : all.messages, all.bytes, all.marks, all.acks,
         all.unwritten, most == 0 ? 0 : least, most, open_count == 0 ? 0 : (long)least_to,
         (double)(last_advance_at - opening_since) / 1000.0);
  print_histogram("newest", &all.newest);
  putchar(',');
  print_histogram("every", &all.every);
  putchar(',');
  print_histogram("first", &all.first);
  puts("}");
}

/** How many sockets may have been begun by now. */
static long due(void) {
  if (opening_ms == 0) return next_to_open + IN_FLIGHT - in_flight;
  return 1 + (long)((wall_us() - opening_since) * options.sockets / (opening_ms * 1000));
}

/** Open the next sockets: no more than IN_FLIGHT handshakes at once, or by the clock; say so when all are open. */
static void go_on_opening(void) {
  for (long until = due(); next_to_open < options.sockets && next_to_open < until;) open_one(&list[next_to_open++]);
  if (announced || next_to_open < options.sockets || in_flight > 0) return;
  announced = 1;
  printf("{\"ready\":true,\"open\":%ld,\"failed\":%lu,\"ms\":%ld}\n", open_count, all.failed,
         (long)(wall_us() - opening_since) / 1000);
}

static void start_opening(long ms) {
  next_to_open = announced = 0;
  opening_ms = ms;
  opening_since = wall_us();
}

static void on_command(const char *line) {
  if (strcmp(line, "report") == 0) report();
  else if (strcmp(line, "quit") == 0) report(), exit(0);
  else if (strncmp(line, "open", 4) == 0) start_opening(atol(line + 4));
  else if (strcmp(line, "reset") == 0) {
    memset(&all, 0, sizeof all);
    for (client *c = list; c < list + options.sockets; c++) c->messages = 0;
    puts("{\"reset\":true}");
  } else if (strcmp(line, "close") == 0) {
    for (client *c = list; c < list + options.sockets; c++)
      if (c->state != CLOSED) hang_up(c);
    puts("{\"closed\":true}");
  } else if (strncmp(line, "send ", 5) == 0) {
    for (client *c = list; c < list + options.sockets; c++)
      if (c->state == OPEN) send_text(c, line + 5);
    puts("{\"sent\":true}");
  } else fprintf(stderr, "fan-client: no such command: %s\n", line);
}

static void on_stdin(void) {
  static char text[16384];
  static size_t filled;
  ssize_t n = read(0, text + filled, sizeof text - 1 - filled);
  if (n <= 0) report(), exit(0);
  filled += (size_t)n;
  text[filled] = 0;
  for (char *end; (end = strchr(text, '\n')) != NULL;) {
    *end = 0;
    on_command(text);
    filled -= (size_t)(end + 1 - text);
    memmove(text, end + 1, filled + 1);
  }
}

static void listen_to(int fd, int *id) {
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = id};
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

int main(int argc, char **argv) {
  read_options(argc, argv);
  setvbuf(stdout, NULL, _IOLBF, 0);
  list = calloc((size_t)options.sockets, sizeof *list);
  epoll = epoll_create1(0);
  sigset_t usr1;
  sigemptyset(&usr1);
  sigaddset(&usr1, SIGUSR1);
  sigprocmask(SIG_BLOCK, &usr1, NULL);
  int signals = signalfd(-1, &usr1, SFD_NONBLOCK), timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK), input = 0;
  struct itimerspec every = {{0, TICK_MS * 1000000}, {0, TICK_MS * 1000000}};
  timerfd_settime(timer, 0, &every, NULL);
  listen_to(signals, &signals);
  listen_to(timer, &timer);
  listen_to(0, &input);
  for (client *c = list; c < list + options.sockets; c++) c->to = options.to;
  start_opening(0);
  static uint8_t rest[256];
  for (;;) {
    go_on_opening();
    struct epoll_event events[512];
    int n = epoll_wait(epoll, events, 512, next_to_open < options.sockets && opening_ms > 0 ? 1 : -1);
    for (int i = 0; i < n; i++) {
      void *which = events[i].data.ptr;
      if (which == &input) on_stdin();
      else if (which == &signals && read(signals, rest, sizeof rest) > 0) report();
      else if (which == &timer && read(timer, rest, sizeof rest) > 0) on_tick();
      else if (which != &signals && which != &timer) on_client(which);
    }
  }
}
