// The data of the worker, and the choices of the user.

/** The page keeps points from before a restart of the worker, so it needs a limit of its own. */
const MAX_POINTS = 1500;
/** Length of the kept history, in seconds, as on the worker. A replay passes years in a minute. */
const MAX_HISTORY = 90 * 86400;

export const state = {
  about: null, // version, windows, targets, schedules, cohorts, limits, help texts of the metrics
  series: new Map(), // "metric{labels}" -> [value, denominator, low, high]: bounds only of ratios
  asOf: 0, // seconds since the epoch
  at: 0, // clock of the worker, seconds since the epoch
  trend: { times: [], values: {} },
  pipeline: null,
  alerts: undefined, // undefined: Prometheus has not responded yet; null: it is unreachable; else the firing alerts
  link: "connecting", // connecting, live, lost
};

/** The chosen windows. They survive a reload. */
export const view = { window: "30d", supportWindow: "24h", ...saved() };

function saved() {
  try {
    return JSON.parse(sessionStorage.getItem("view")) ?? {};
  } catch {
    return {};
  }
}

/** Change the view and save it. */
export function choose(change) {
  Object.assign(view, change);
  sessionStorage.setItem("view", JSON.stringify(view));
}

/** Return the key of a series in the notation of Prometheus, with sorted labels. */
export function keyOf(metric, labels) {
  const names = Object.keys(labels).sort();
  return names.length ? `${metric}{${names.map((name) => `${name}="${labels[name]}"`).join(",")}}` : metric;
}

/** Return a series' value: null if its denominator is 0, undefined if the series is missing. */
export function value(metric, labels = {}) {
  return state.series.get(keyOf(metric, labels))?.[0];
}

/** Return the denominator of a ratio. */
export function denominator(metric, labels = {}) {
  return state.series.get(keyOf(metric, labels))?.[1];
}

/** Return the sum over the values of one label; undefined if all series are missing. */
export function sum(metric, labels, name, values) {
  const found = values.map((each) => value(metric, { ...labels, [name]: each })).filter(Number.isFinite);
  return found.length ? found.reduce((total, each) => total + each, 0) : undefined;
}

/** Return whether the metric has a series. */
export function exists(metric) {
  for (const key of state.series.keys()) if (key.startsWith(metric)) return true;
  return false;
}

/** Return the clock of the durations to show: open time if support has hours, since time limits are in it. */
export const supportClock = () => (state.about?.schedules.length ? "business" : "calendar");

/** Replace the state with a snapshot, the first event of a connection. */
export function applySnapshot(data) {
  const { series, trend, as_of: asOf, ...about } = data;
  state.about = about;
  state.series = new Map(Object.entries(series));
  state.asOf = asOf;
  state.trend = mergedTrend(state.trend, trend);
}

/** Return the worker's trend, preceded by older points of this page: a restarted worker has lost them. */
function mergedTrend(local, remote) {
  const start = remote.times[0] ?? Infinity;
  const kept = local.times.filter((time) => time < start).length;
  const times = [...local.times.slice(0, kept), ...remote.times];
  const values = {};
  for (const key of new Set([...Object.keys(local.values), ...Object.keys(remote.values)])) {
    values[key] = [
      ...(local.values[key]?.slice(0, kept) ?? Array(kept).fill(null)),
      ...(remote.values[key] ?? Array(remote.times.length).fill(null)),
    ];
  }
  return { times, values };
}

/** Apply the changes of an update event. */
export function applyUpdate(data) {
  for (const [key, shown] of Object.entries(data.series ?? {})) {
    if (shown === null) state.series.delete(key);
    else state.series.set(key, shown);
  }
  state.asOf = data.as_of;
  state.at = data.at;
  state.pipeline = data.pipeline;
  state.alerts = data.alerts;
  if (data.point) addPoint(...data.point);
}

function addPoint(at, point) {
  if (at < state.trend.times.at(-1)) state.trend = { times: [], values: {} }; // the clock was set back
  const { times, values } = state.trend;
  if (at === times.at(-1)) return;
  for (const key of Object.keys(point)) values[key] ??= Array(times.length).fill(null);
  times.push(at);
  for (const [key, column] of Object.entries(values)) column.push(point[key] ?? null);
  const old = times.findIndex((time) => at - time <= MAX_HISTORY);
  const extra = Math.max(old, times.length > MAX_POINTS ? MAX_POINTS / 5 : 0);
  if (extra) for (const column of [times, ...Object.values(values)]) column.splice(0, extra);
}
