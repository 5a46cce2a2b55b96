// Owns drawing a burn-down with uPlot: what is left as steps, the limit, and where the present rate leads. It is loaded on its own.
// Does not own the points or the words beside it, which say the same. Colours are the page's own, read when the theme changes.

import { useEffect, useRef, useSyncExternalStore } from "react";
import UPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useDashboard } from "../dashboard-context.ts";
import type { Curve } from "../state/burn-down.ts";
import { useSettings } from "../state/settings.ts";
import { shortFigure, shortTime } from "../text/figures.ts";
import { shortMoney } from "../text/money.ts";

const HEIGHT = 190;
const LEAST_WIDTH = 200;

/** A colour of the page as the browser resolves it: a canvas knows no custom properties. */
function colourOf(element: HTMLElement, name: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

const dark = matchMedia("(prefers-color-scheme: dark)");
function useIsSystemDark(): boolean {
  return useSyncExternalStore(
    (listener) => {
      dark.addEventListener("change", listener);
      return () => dark.removeEventListener("change", listener);
    },
    () => dark.matches,
  );
}

/** Seconds, what there is, and the way to the end from the last point on. */
function dataOf({ points, exhaustsAt }: Curve): UPlot.AlignedData {
  const times = points.map(({ at }) => at / 1000);
  const values: (number | null)[] = points.map(({ value }) => value);
  const last = points.at(-1);
  const leads = exhaustsAt !== undefined && last !== undefined && exhaustsAt > last.at && last.value > 0;
  if (!leads) return [times, values, values.map(() => null)];
  const projected = [...values.map((value, i) => (i === values.length - 1 ? value : null)), 0];
  return [[...times, exhaustsAt / 1000], [...values, null], projected];
}

function optionsOf(element: HTMLElement, curve: Curve): UPlot.Options {
  const colour = (name: string) => colourOf(element, name);
  const write = curve.unit === "tokens" ? shortFigure : (value: number) => shortMoney(Math.round(value));
  const axis = {
    // Room for a time with its date.
    space: 90,
    stroke: colour("--text-quiet"),
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { show: false },
    font: `11px ${getComputedStyle(element).fontFamily}`,
  };
  const stepped = UPlot.paths.stepped?.({ align: 1 });
  return {
    width: Math.max(LEAST_WIDTH, element.clientWidth),
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    scales: { y: { range: (_, least, most) => [Math.min(0, least ?? 0), Math.max(curve.limit ?? 0, most ?? 1, 1)] } },
    axes: [
      { ...axis, size: 28, values: (_, splits) => splits.map((at) => shortTime(at * 1000, Date.now())) },
      { ...axis, size: 64, values: (_, splits) => splits.map(write) },
    ],
    series: [
      {},
      {
        stroke: colour("--accent"),
        fill: colour("--accent-back"),
        width: 2,
        points: { show: curve.points.length < 2 },
        ...(stepped === undefined ? {} : { paths: stepped }),
      },
      { stroke: colour("--warn"), width: 1.5, dash: [5, 4], points: { show: false } },
    ],
  };
}

export function BurnDownChart({ curve }: { readonly curve: Curve }) {
  const { settings } = useDashboard();
  const { theme } = useSettings(settings);
  const isDark = useIsSystemDark();
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot>(undefined);
  const { limit, unit } = curve;
  const hasFew = curve.points.length < 2;

  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const mine = (plot.current = new UPlot(optionsOf(element, curve), dataOf(curve), element));
    const observer = new ResizeObserver(() => {
      mine.setSize({ width: Math.max(LEAST_WIDTH, element.clientWidth), height: HEIGHT });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      mine.destroy();
    };
    // oxlint-disable-next-line react/exhaustive-deps -- new points go into the same plot, below; what is listed makes another one
  }, [limit, unit, hasFew, theme, isDark]);
  useEffect(() => {
    plot.current?.setData(dataOf(curve));
  }, [curve]);
  return <div className="chart-room" ref={place} aria-hidden="true" />;
}
