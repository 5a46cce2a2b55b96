// Owns how often the screen follows the data: at most once per frame that the browser draws, and by a timer where it draws none.
// Does not own what is done then.

/** A page that nobody sees keeps up at this pace, in ms. */
const HIDDEN_MS = 250;
/** A browser that promised a frame and draws none (the page was hidden meanwhile) is not waited for longer, in ms. */
const PATIENCE_MS = 1000;

export interface Pace {
  /** Something changed: `run` comes soon, once for everything until then. */
  readonly ask: () => void;
  stop(): void;
}

export function createPace(run: () => void): Pace {
  let frame: number | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function stop(): void {
    if (frame !== undefined) cancelAnimationFrame(frame);
    clearTimeout(timer);
    frame = undefined;
    timer = undefined;
  }
  function go(): void {
    stop();
    run();
  }
  return {
    ask() {
      if (timer !== undefined) return;
      if (!document.hidden) frame = requestAnimationFrame(go);
      timer = setTimeout(go, document.hidden ? HIDDEN_MS : PATIENCE_MS);
    },
    stop,
  };
}
