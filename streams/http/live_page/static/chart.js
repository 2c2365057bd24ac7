// Charts of the recent past: uPlot, a line that says what the pointer is at, and the same as a table.

import { el, setText, svg } from "./dom.js";
import { duration, mark, moment } from "./format.js";
import { follow } from "./number.js";
import { keyOf, store } from "./state.js";

const dark = matchMedia("(prefers-color-scheme: dark)");
const ROWS = 12;
/** Seconds from one line of the grid to the next. */
const SPANS = [1, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 43200, 86400, 172800, 345600, 864000];

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/**
 * A chart.
 *
 * `lines()` gives what to draw now, [{ name, color: a CSS variable, metric, labels }], always as many; `format` writes
 * values; `least` is the smallest range of the y axis: a flicker is to look like one.
 */
export function chart(title, lines, format, least) {
  const canvas = el("div", { class: "chart-canvas", "aria-hidden": "true" });
  const legend = el("figcaption", { class: "legend" });
  const table = el("table", { class: "numbers" });
  const details = el("details", {}, el("summary", {}, `${title} as a table`), table);
  const figure = el("figure", { class: "chart" }, legend, canvas, details);
  let plot = null;
  let drawn = "";

  const data = () => [store.trend.times, ...lines().map((line) => column(line))];
  const size = () => ({ width: Math.max(200, canvas.clientWidth), height: canvas.clientHeight });
  const draw = () => {
    plot?.destroy();
    const hooks = { setCursor: [(self) => say(legend, lines(), format, self.cursor.idx)] };
    plot = new uPlot({ ...size(), ...options(lines(), format, least), hooks }, data(), canvas);
  };
  const update = () => {
    const { times } = store.trend;
    const state = `${times.length} ${times.at(-1)} ${lines().map((line) => keyOf(line.metric, line.labels))}`;
    if (state === drawn) return;
    drawn = state;
    if (plot) plot.setData(data());
    else draw();
    say(legend, lines(), format, plot.cursor.idx);
    if (details.open) fill(table, title, lines(), format);
  };

  details.addEventListener("toggle", () => details.open && fill(table, title, lines(), format));
  new ResizeObserver(() => plot?.setSize(size())).observe(canvas);
  dark.addEventListener("change", () => plot && draw());
  follow(() => canvas.isConnected && store.about && update());
  return figure;
}

const column = (line) =>
  store.trend.values[keyOf(line.metric, line.labels)] ?? Array(store.trend.times.length).fill(null);

function options(lines, format, least) {
  const [line, muted] = [color("--line"), color("--muted")];
  const axis = { stroke: muted, font: `11px ${color("--font")}`, grid: { stroke: line, width: 1 }, ticks: { show: false } };
  return {
    legend: { show: false },
    cursor: { y: false, points: { size: 6 }, drag: { x: false, y: false } },
    padding: [8, 18, 0, 0],
    scales: { y: { range: (_, low, high) => span(low, high, least) } },
    axes: [
      { ...axis, size: 24, space: 90, values: (_, splits) => splits.map((at) => mark(at, step(splits))) },
      { ...axis, size: 56, space: 36, incrs: format === duration ? SPANS : undefined, values: (_, splits) => splits.map(format) },
    ],
    series: [
      {},
      ...lines.map((each, index) => ({
        label: each.name, stroke: color(each.color), width: 2,
        points: { show: false, size: 4, fill: color(each.color), filter: (self, number) => alone(self.data[number]) },
        fill: index === 0 && lines.length === 1 ? `${color(each.color)}14` : undefined,
        dash: each.dash,
      })),
    ],
  };
}

/** How long the past is that is drawn, in seconds. */
const past = () => store.trend.times.at(-1) - store.trend.times[0];

/** From one mark of the time axis to the next; a mark that is alone says as much as one of the whole past. */
const step = (splits) => (splits.length > 1 ? splits[1] - splits[0] : past());

/** Where a value has no neighbour to draw a line to. */
const alone = (values) =>
  values.flatMap((value, at) => (value !== null && (values[at - 1] ?? null) === null && (values[at + 1] ?? null) === null ? [at] : []));

/** A range of at least `least`, around what there is. */
function span(low, high, least) {
  if (low === null || high === null) return [0, least];
  const missing = Math.max(0, least - (high - low)) / 2;
  const margin = 0.08 * Math.max(high - low, least);
  const bottom = low - missing - margin;
  return [low >= 0 ? Math.max(0, bottom) : bottom, high + missing + margin];
}

/** Write the legend, with the values at the pointer or else the latest. */
function say(legend, lines, format, index) {
  const at = index ?? store.trend.times.length - 1;
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
  const when = store.trend.times[at];
  setText(legend.lastChild, when === undefined ? "" : index === null || index === undefined ? "now" : moment(when, past()));
}

function fill(table, title, lines, format) {
  const { times } = store.trend;
  const every = Math.max(1, Math.ceil(times.length / ROWS));
  const chosen = times.map((_, index) => index).filter((index) => (times.length - 1 - index) % every === 0);
  const head = el("tr", {}, el("th", { scope: "col" }, "time"), ...lines.map((line) => el("th", { scope: "col" }, line.name)));
  const rows = chosen.reverse().map((index) =>
    el("tr", {}, el("th", { scope: "row" }, moment(times[index], past())), ...lines.map((line) => el("td", {}, format(column(line)[index])))),
  );
  table.replaceChildren(el("caption", { class: "hidden-text" }, title), el("thead", {}, head), el("tbody", {}, ...rows));
}

/** A line as large as its box, without axes: only the shape. `least` as above. */
export function sparkline(metric, labels, least) {
  const [area, path] = [svg("path", { class: "spark-area" }), svg("path", { class: "spark-line" })];
  const node = svg("svg", { class: "spark", viewBox: "0 0 100 30", preserveAspectRatio: "none", "aria-hidden": "true" });
  node.append(area, path);
  let drawn = 0;
  follow(() => {
    const last = store.trend.times.at(-1);
    if (last === drawn) return;
    drawn = last;
    const { times } = store.trend;
    const points = column({ metric, labels }).map((value, index) => [times[index], value]).filter(([, value]) => value !== null);
    if (points.length < 2) return;
    const values = points.map(([, value]) => value);
    const [low, high] = span(Math.min(...values), Math.max(...values), least);
    const [from, to] = [times[0], times.at(-1)];
    const line = points.map(([at, value]) =>
      `${((100 * (at - from)) / (to - from)).toFixed(2)},${(30 - (30 * (value - low)) / (high - low)).toFixed(2)}`);
    path.setAttribute("d", `M${line.join("L")}`);
    const start = line[0].split(",")[0];
    area.setAttribute("d", `M${start},30L${line.join("L")}L100,30Z`);
  });
  return node;
}
