// What the worker has said, and what the reader has chosen.

/** More of the past than the worker remembers is kept where it was restarted meanwhile; not for ever. */
const MOST_POINTS = 1500;
/** Seconds: the worker keeps as long a past. A replay passes years in a minute. */
const LONGEST = 90 * 86400;

export const store = {
  about: null, // versions, windows, targets, what metrics mean
  series: new Map(), // "metric{labels}" -> [value, denominator]
  asOf: 0, // seconds since the epoch
  at: 0, // the worker's clock
  trend: { times: [], values: {} },
  pipeline: null,
  alerts: undefined, // undefined: nobody has ever told; null: no answer any more; else those that fire
  link: "connecting", // connecting, live, lost
};

/** What is shown: it survives a reload. */
export const view = { window: "30d", supportWindow: "24h", ...saved() };

function saved() {
  try {
    return JSON.parse(sessionStorage.getItem("view")) ?? {};
  } catch {
    return {};
  }
}

/** Choose what is shown. */
export function choose(change) {
  Object.assign(view, change);
  sessionStorage.setItem("view", JSON.stringify(view));
}

/** The name of a series: as Prometheus writes it, labels sorted. */
export function keyOf(metric, labels) {
  const names = Object.keys(labels).sort();
  return names.length ? `${metric}{${names.map((name) => `${name}="${labels[name]}"`).join(",")}}` : metric;
}

/** A series' value: null over nothing, undefined where there is no such series. */
export function value(metric, labels = {}) {
  return store.series.get(keyOf(metric, labels))?.[0];
}

/** How much a ratio rests on. */
export function denominator(metric, labels = {}) {
  return store.series.get(keyOf(metric, labels))?.[1];
}

/** The sum over one label's values; undefined where there is no such series. */
export function sum(metric, labels, name, values) {
  const found = values.map((each) => value(metric, { ...labels, [name]: each })).filter(Number.isFinite);
  return found.length ? found.reduce((total, each) => total + each, 0) : undefined;
}

/** Whether any series of a metric is there. */
export function exists(metric) {
  for (const key of store.series.keys()) if (key.startsWith(metric)) return true;
  return false;
}

/** Everything, after connecting. */
export function takeSnapshot(data) {
  const { series, trend, as_of: asOf, ...about } = data;
  store.about = about;
  store.series = new Map(Object.entries(series));
  store.asOf = asOf;
  store.trend = joined(store.trend, trend);
}

/** What a restarted worker no longer knows of the past, this page still may. */
function joined(ours, theirs) {
  const start = theirs.times[0] ?? Infinity;
  const kept = ours.times.filter((time) => time < start).length;
  const times = [...ours.times.slice(0, kept), ...theirs.times];
  const values = {};
  for (const key of new Set([...Object.keys(ours.values), ...Object.keys(theirs.values)])) {
    values[key] = [
      ...(ours.values[key]?.slice(0, kept) ?? Array(kept).fill(null)),
      ...(theirs.values[key] ?? Array(theirs.times.length).fill(null)),
    ];
  }
  return { times, values };
}

/** What has changed. */
export function takeUpdate(data) {
  for (const [key, shown] of Object.entries(data.series ?? {})) {
    if (shown === null) store.series.delete(key);
    else store.series.set(key, shown);
  }
  store.asOf = data.as_of;
  store.at = data.at;
  store.pipeline = data.pipeline;
  store.alerts = data.alerts;
  if (data.point) addPoint(...data.point);
}

function addPoint(at, point) {
  if (at < store.trend.times.at(-1)) store.trend = { times: [], values: {} }; // the clock was put back
  const { times, values } = store.trend;
  if (at === times.at(-1)) return;
  for (const key of Object.keys(point)) values[key] ??= Array(times.length).fill(null);
  times.push(at);
  for (const [key, column] of Object.entries(values)) column.push(point[key] ?? null);
  const old = times.findIndex((time) => at - time <= LONGEST);
  const extra = Math.max(old, times.length > MOST_POINTS ? MOST_POINTS / 5 : 0);
  if (extra) for (const column of [times, ...Object.values(values)]) column.splice(0, extra);
}
