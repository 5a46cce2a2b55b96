// Owns how figures are collected and printed: a line each for people, or a JSON object each for tools.

/** @typedef {{ name: string, value: number, unit: string, peer?: string, ratio?: number }} Figure */

const round = (value) => (Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3)));

export function createFigures({ json }) {
  return {
    /** @param {Figure} figure */
    add({ name, value, unit, peer, ratio }) {
      const figure = {
        name,
        value: round(value),
        unit,
        peer: peer ?? null,
        ratio: ratio === undefined ? null : round(ratio),
      };
      if (json) console.log(JSON.stringify(figure));
      else {
        const beside = peer === undefined ? "" : `   ${figure.ratio}x of ${peer}`;
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
