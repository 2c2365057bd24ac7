// Charts of recent values: a uPlot chart, a legend with the values at the pointer, and a table of the same values.

import { el, setText, svg } from "./dom.js";
import { duration, mark, moment } from "./format.js";
import { subscribe } from "./number.js";
import { keyOf, state } from "./state.js";

const dark = matchMedia("(prefers-color-scheme: dark)");
const ROWS = 12;
/** Distances between grid lines of a duration axis, in seconds. */
const GRID_STEPS = [1, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 43200, 86400, 172800, 345600, 864000];

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/**
 * Return a chart.
 *
 * `lines()` returns the lines to draw, [{ name, color: a CSS variable, metric, labels }]; their number is constant.
 * `format` turns a value into text. `minRange` is the smallest range of the y axis, so that noise stays small.
 */
export function chart(title, lines, format, minRange) {
  const canvas = el("div", { class: "chart-canvas", "aria-hidden": "true" });
  const legend = el("figcaption", { class: "legend" });
  const table = el("table", { class: "numbers" });
  const details = el("details", {}, el("summary", {}, `${title} as a table`), table);
  const figure = el("figure", { class: "chart" }, legend, canvas, details);
  let plot = null;
  let drawnKey = "";

  const data = () => [state.trend.times, ...lines().map((line) => column(line))];
  const size = () => ({ width: Math.max(200, canvas.clientWidth), height: canvas.clientHeight });
  const draw = () => {
    plot?.destroy();
    const hooks = { setCursor: [(self) => updateLegend(legend, lines(), format, self.cursor.idx)] };
    plot = new uPlot({ ...size(), ...options(lines(), format, minRange), hooks }, data(), canvas);
  };
  const update = () => {
    const { times } = state.trend;
    const key = `${times.length} ${times.at(-1)} ${lines().map((line) => keyOf(line.metric, line.labels))}`;
    if (key === drawnKey) return;
    drawnKey = key;
    if (plot) plot.setData(data());
    else draw();
    updateLegend(legend, lines(), format, plot.cursor.idx);
    if (details.open) fillTable(table, title, lines(), format);
  };

  details.addEventListener("toggle", () => details.open && fillTable(table, title, lines(), format));
  new ResizeObserver(() => plot?.setSize(size())).observe(canvas);
  dark.addEventListener("change", () => plot && draw());
  subscribe(() => canvas.isConnected && state.about && update());
  return figure;
}

const column = (line) =>
  state.trend.values[keyOf(line.metric, line.labels)] ?? Array(state.trend.times.length).fill(null);

function options(lines, format, minRange) {
  const [line, muted] = [color("--line"), color("--muted")];
  const axis = { stroke: muted, font: `11px ${color("--font")}`, grid: { stroke: line, width: 1 }, ticks: { show: false } };
  return {
    legend: { show: false },
    cursor: { y: false, points: { size: 6 }, drag: { x: false, y: false } },
    padding: [8, 18, 0, 0],
    scales: { y: { range: (_, low, high) => axisRange(low, high, minRange) } },
    axes: [
      { ...axis, size: 24, space: 90, values: (_, splits) => splits.map((at) => mark(at, step(splits))) },
      { ...axis, size: 56, space: 36, incrs: format === duration ? GRID_STEPS : undefined, values: (_, splits) => splits.map(format) },
    ],
    series: [
      {},
      ...lines.map((each, index) => ({
        label: each.name, stroke: color(each.color), width: 2,
        points: { show: false, size: 4, fill: color(each.color), filter: (self, number) => isolated(self.data[number]) },
        fill: index === 0 && lines.length === 1 ? `${color(each.color)}14` : undefined,
        dash: each.dash,
      })),
    ],
  };
}

/** Return the length of the time axis, in seconds. */
const timeRange = () => state.trend.times.at(-1) - state.trend.times[0];

/** Return the distance between two marks of the time axis, in seconds; of a single mark, the length of the axis. */
const step = (splits) => (splits.length > 1 ? splits[1] - splits[0] : timeRange());

/** Return the indexes of values without a neighbour. They are drawn as points. */
const isolated = (values) =>
  values.flatMap((value, at) => (value !== null && (values[at - 1] ?? null) === null && (values[at + 1] ?? null) === null ? [at] : []));

/** Return a range of at least `minRange` around the values. */
function axisRange(low, high, minRange) {
  if (low === null || high === null) return [0, minRange];
  const missing = Math.max(0, minRange - (high - low)) / 2;
  const margin = 0.08 * Math.max(high - low, minRange);
  const bottom = low - missing - margin;
  return [low >= 0 ? Math.max(0, bottom) : bottom, high + missing + margin];
}

/** Update the legend with the values at the pointer, or with the latest ones. */
function updateLegend(legend, lines, format, index) {
  const at = index ?? state.trend.times.length - 1;
  if (legend.children.length !== lines.length + 1) {
    const items = lines.map((line) => {
      const mark = el("span", { class: "mark" });
      mark.style.background = `var(${line.color})`;
      return el("span", { class: "legend-item" }, mark, el("span"), el("b"));
    });
    legend.replaceChildren(...items, el("span", { class: "legend-time muted" }));
  }
  lines.forEach((line, number) => {
    const [, name, shown] = legend.children[number].children;
    setText(name, line.name);
    setText(shown, format(column(line)[at]));
  });
  const when = state.trend.times[at];
  setText(legend.lastChild, when === undefined ? "" : index === null || index === undefined ? "now" : moment(when, timeRange()));
}

function fillTable(table, title, lines, format) {
  const { times } = state.trend;
  const every = Math.max(1, Math.ceil(times.length / ROWS));
  const chosen = times.map((_, index) => index).filter((index) => (times.length - 1 - index) % every === 0);
  const head = el("tr", {}, el("th", { scope: "col" }, "time"), ...lines.map((line) => el("th", { scope: "col" }, line.name)));
  const rows = chosen.reverse().map((index) =>
    el("tr", {}, el("th", { scope: "row" }, moment(times[index], timeRange())), ...lines.map((line) => el("td", {}, format(column(line)[index])))),
  );
  table.replaceChildren(el("caption", { class: "hidden-text" }, title), el("thead", {}, head), el("tbody", {}, ...rows));
}

/** Return a line without axes that fills its box. `minRange` is the smallest range of the y axis. */
export function sparkline(metric, labels, minRange) {
  const [area, path] = [svg("path", { class: "spark-area" }), svg("path", { class: "spark-line" })];
  const node = svg("svg", { class: "spark", viewBox: "0 0 100 30", preserveAspectRatio: "none", "aria-hidden": "true" });
  node.append(area, path);
  let drawn = 0;
  subscribe(() => {
    const last = state.trend.times.at(-1);
    if (last === drawn) return;
    drawn = last;
    const { times } = state.trend;
    const points = column({ metric, labels }).map((value, index) => [times[index], value]).filter(([, value]) => value !== null);
    if (points.length < 2) return;
    const values = points.map(([, value]) => value);
    const [low, high] = axisRange(Math.min(...values), Math.max(...values), minRange);
    const [from, to] = [times[0], times.at(-1)];
    const line = points.map(([at, value]) =>
      `${((100 * (at - from)) / (to - from)).toFixed(2)},${(30 - (30 * (value - low)) / (high - low)).toFixed(2)}`);
    path.setAttribute("d", `M${line.join("L")}`);
    const start = line[0].split(",")[0];
    area.setAttribute("d", `M${start},30L${line.join("L")}L100,30Z`);
  });
  return node;
}
