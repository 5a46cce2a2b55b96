// Owns how figures are collected and printed: a line each for people, or a JSON object each for tools.

/** `target` is the most that the ratio should be.
 * @typedef {{ name: string, value: number, unit: string, peer?: string, ratio?: number, target?: number }} Figure */

const round = (value) => (Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3)));

export function createFigures({ json }) {
  return {
    /** @param {Figure} figure */
    add({ name, value, unit, peer, ratio, target }) {
      const figure = {
        name,
        value: round(value),
        unit,
        peer: peer ?? null,
        ratio: ratio === undefined ? null : round(ratio),
        ...(target === undefined ? {} : { target, met: ratio <= target }),
      };
      if (json) console.log(JSON.stringify(figure));
      else {
        const wanted = target === undefined ? "" : ` (target ${target}: ${figure.met ? "met" : "MISSED"})`;
        const beside = peer === undefined ? "" : `   ${figure.ratio}x of ${peer}${wanted}`;
        console.log(`${name.padEnd(52)} ${String(figure.value).padStart(10)} ${unit}${beside}`);
      }
    },
    note(text) {
      if (!json) console.log(`\n${text}`);
    },
  };
}

/** The p-th percentile (0 to 1) of numbers. */
export function percentile(numbers, p) {
  const sorted = Float64Array.from(numbers).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? Number.NaN;
}

/** The middle of numbers. */
export const median = (numbers) => percentile(numbers, 0.5);
