// Owns how long work on rows is done beside the server's other work: in slices of one turn of the event loop each.
// Does not own the work (feed/). Looking for text is done by a worker (key-searcher).

import type { RowSourcesHost } from "../../feed/index.ts";

/** Steps of one slice go on for so long, in ms. */
const SLICE_MS = 4;

export function createRowHost(search: RowSourcesHost["search"], fault: (error: unknown) => void): RowSourcesHost {
  return {
    run(work, done) {
      const slice = (): void => {
        try {
          const until = performance.now() + SLICE_MS;
          do {
            if (work.next().done === true) return done();
          } while (performance.now() < until);
        } catch (error) {
          return fault(error);
        }
        setImmediate(slice);
        return undefined;
      };
      setImmediate(slice);
    },
    search,
  };
}
