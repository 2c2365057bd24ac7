// Charts: a uPlot chart, a legend with the values at the pointer, and a table of the same values.

import { el, setText, svg } from "./dom.js";
import { duration, mark, moment } from "./format.js";
import { subscribe } from "./number.js";
import { keyOf, state } from "./state.js";

const dark = matchMedia("(prefers-color-scheme: dark)");
const ROWS = 12;
/** Distances between grid lines of a duration axis, in seconds. */
const GRID_STEPS = [1, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 43200, 86400, 172800, 345600, 864000];
/** Distances between grid lines of an axis of whole numbers. */
const WHOLE_STEPS = [1, 2, 3, 6, 12];

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/**
 * The x axis of a chart of recent values.
 *
 * `values` returns the positions, and `column` the values of a line at them. `version` changes with them.
 * `name` returns the name of a position by its index, and `latest` that of the last one. `marks` returns the texts of
 * grid lines. `rows` returns the indexes of the rows of the table, and `head` is the title of their names. `others`
 * returns columns that only the table has, [{ name, format, values }].
 */
const RECENT = {
  head: "time",
  values: () => state.trend.times,
  column: (line) => state.trend.values[keyOf(line.metric, line.labels)] ?? Array(state.trend.times.length).fill(null),
  version: () => `${state.trend.times.length} ${state.trend.times.at(-1)}`,
  name: (index) => moment(state.trend.times[index], timeRange()),
  latest: () => "now",
  marks: (splits) => splits.map((at) => mark(at, step(splits))),
  rows: () => recentRows(state.trend.times.length),
  others: () => [],
  time: true,
};

/**
 * Return a chart.
 *
 * `lines()` returns the lines to draw, [{ name, color: a CSS variable, metric, labels }]; their number is constant.
 * `format` turns a value into text. `minRange` is the smallest range of the y axis, so that noise stays small.
 * `axis` is the x axis, as `RECENT`.
 */
export function chart(title, lines, format, minRange, axis = RECENT) {
  const canvas = el("div", { class: "chart-canvas", "aria-hidden": "true" });
  const legend = el("figcaption", { class: "legend" });
  const table = el("table", { class: "numbers" });
  const details = el("details", {}, el("summary", {}, `${title} as a table`), table);
  const figure = el("figure", { class: "chart" }, legend, canvas, details);
  let plot = null;
  let drawnKey = "";

  const data = () => [axis.values(), ...lines().map(axis.column)];
  const size = () => ({ width: Math.max(200, canvas.clientWidth), height: canvas.clientHeight });
  const draw = () => {
    plot?.destroy();
    const hooks = { setCursor: [(self) => updateLegend(legend, lines(), format, self.cursor.idx, axis)] };
    plot = new uPlot({ ...size(), ...options(lines(), format, minRange, axis), hooks }, data(), canvas);
  };
  const update = () => {
    const key = `${axis.version(lines())} ${lines().map((line) => keyOf(line.metric, line.labels))}`;
    if (key === drawnKey) return;
    drawnKey = key;
    if (plot) plot.setData(data());
    else draw();
    updateLegend(legend, lines(), format, plot.cursor.idx, axis);
    if (details.open) fillTable(table, title, lines(), format, axis);
  };

  details.addEventListener("toggle", () => details.open && fillTable(table, title, lines(), format, axis));
  new ResizeObserver(() => plot?.setSize(size())).observe(canvas);
  dark.addEventListener("change", () => plot && draw());
  subscribe(() => canvas.isConnected && state.about && update());
  return figure;
}

function options(lines, format, minRange, { time, marks, points = false }) {
  const [line, muted] = [color("--line"), color("--muted")];
  const common = { stroke: muted, font: `11px ${color("--font")}`, grid: { stroke: line, width: 1 }, ticks: { show: false } };
  return {
    legend: { show: false },
    cursor: { y: false, points: { size: 6 }, drag: { x: false, y: false } },
    padding: [8, time ? 18 : 28, 0, 0],
    scales: { x: { time }, y: { range: (_, low, high) => axisRange(low, high, minRange) } },
    axes: [
      { ...common, size: 24, space: 90, incrs: time ? undefined : WHOLE_STEPS, values: (_, splits) => marks(splits) },
      { ...common, size: 56, space: 36, incrs: format === duration ? GRID_STEPS : undefined, values: (_, splits) => splits.map(format) },
    ],
    series: [
      {},
      ...lines.map((each, index) => ({
        label: each.name, stroke: color(each.color), width: 2,
        points: { show: points, size: 4, fill: color(each.color), filter: points ? null : (self, number) => isolated(self.data[number]) },
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
function updateLegend(legend, lines, format, index, axis) {
  const columns = lines.map(axis.column);
  const at = index ?? axis.values().length - 1;
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
    setText(shown, format(columns[number][at]));
  });
  setText(legend.lastChild, at < 0 ? "" : index === null || index === undefined ? axis.latest() : axis.name(at));
}

/** Return the indexes of at most `ROWS` of `length` positions, evenly spaced, the latest first. */
function recentRows(length) {
  const every = Math.max(1, Math.ceil(length / ROWS));
  return Array.from({ length }, (_, index) => index).filter((index) => (length - 1 - index) % every === 0).reverse();
}

function fillTable(table, title, lines, format, axis) {
  const columns = [...axis.others(), ...lines.map((line) => ({ name: line.name, format, values: axis.column(line) }))];
  const head = [axis.head, ...columns.map(({ name }) => name)].map((text) => el("th", { scope: "col" }, text));
  const rows = axis.rows().map((index) =>
    el("tr", {}, el("th", { scope: "row" }, axis.name(index)),
      ...columns.map((column) => el("td", {}, column.format(column.values[index])))));
  table.replaceChildren(el("caption", { class: "hidden-text" }, title),
    el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...rows));
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
    const points = RECENT.column({ metric, labels }).map((value, index) => [times[index], value]).filter(([, value]) => value !== null);
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
