// Owns the load of the log benchmarks: N writers, each of which sends its next command once the last is acknowledged.

import { monitorEventLoopDelay } from "node:perf_hooks";
import { percentile } from "./figures.mjs";

/**
 * @param {object} options
 * @param {number} options.outstanding writers at once
 * @param {number} options.seconds
 * @param {(writer: number, done: () => void) => void} options.send starts one command; calls done when acknowledged
 */
export async function closedLoop({ outstanding, seconds, send }) {
  const latencies = [];
  let count = 0;
  let stop = false;
  let running = outstanding;
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const finished = new Promise((resolve) => {
    const next = (writer) => {
      const sentAt = performance.now();
      send(writer, () => {
        count++;
        if (latencies.length < 2_000_000) latencies.push(performance.now() - sentAt);
        if (!stop) next(writer);
        else if (--running === 0) resolve();
      });
    };
    for (let writer = 0; writer < outstanding; writer++) next(writer);
  });
  // The first tenth is not counted: files grow, code is compiled.
  await new Promise((resolve) => setTimeout(resolve, seconds * 100));
  count = 0;
  latencies.length = 0;
  delay.enable();
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const elapsed = (performance.now() - startedAt) / 1000;
  const used = process.cpuUsage(cpu);
  const counted = count;
  delay.disable();
  const p99 = percentile(latencies, 0.99);
  stop = true;
  await finished;
  return {
    perSecond: counted / elapsed,
    p99Ms: p99,
    cpuSecondsPerMillion: (used.user + used.system) / 1e6 / (counted / 1e6),
    loopDelayP99Ms: delay.percentile(99) / 1e6,
  };
}

/** Collects what is sent in one turn of the event loop and hands it on as one group, at most two groups at a time. */
export function grouped(append) {
  let waiting = [];
  let under = 0;
  let scheduled = false;
  const flush = () => {
    scheduled = false;
    while (under < 2 && waiting.length > 0) {
      const group = waiting;
      waiting = [];
      under++;
      append(group.map((each) => each.item)).then(() => {
        under--;
        for (const each of group) each.done();
        flush();
      });
    }
  };
  return (item, done) => {
    waiting.push({ item, done });
    if (!scheduled) {
      scheduled = true;
      setImmediate(flush);
    }
  };
}
