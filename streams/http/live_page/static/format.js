// Format numbers for display.

const MISSING = "–";
const DAY = 86400;
const count0 = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const orMissing = (format) => (value) => (value === null || value === undefined ? MISSING : format(value));

export const count = orMissing((value) => count0.format(value));
export const share = orMissing((value) => `${(100 * value).toFixed(1)}%`);
export const fixed = (digits) => orMissing((value) => value.toFixed(digits).replace("-", "−"));
export const signed = orMissing((value) => (value > 0 ? "+" : "") + fixed(0)(value));
export const rate = orMissing((value) => (value < 10 ? value.toFixed(1) : count0.format(value)));

const UNITS = [
  [2 * 86400, 86400, "d"],
  [2 * 3600, 3600, "h"],
  [90, 60, "min"],
  [0, 1, "s"],
];

/** Format seconds in the unit that is easiest to read. */
export const duration = orMissing((seconds) => {
  const [, size, unit] = UNITS.find(([from]) => Math.abs(seconds) >= from) ?? UNITS.at(-1);
  const value = seconds / size;
  const digits = value < 10 && !Number.isInteger(value) && unit !== "s" ? 1 : 0;
  return `${value.toFixed(digits)} ${unit}`;
});

/** Format open time in seconds. Hours, not days: a day of support has fewer than 24. */
export const openTime = orMissing((seconds) =>
  Math.abs(seconds) >= DAY ? `${count0.format(seconds / 3600)} h` : duration(seconds));

/** Format a latency in seconds, with the fraction of a second. */
export const latency = orMissing((seconds) => (seconds < 10 ? `${seconds} s` : duration(seconds)));

/** Return a formatter of money in major units of a currency. */
export const money = (currency, digits = 0) => {
  const format = new Intl.NumberFormat("en", {
    style: "currency", currency, minimumFractionDigits: digits, maximumFractionDigits: digits,
  });
  return orMissing((value) => format.format(value));
};

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
export const time = (seconds) => clock.format(1000 * seconds);

const calendar = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const both = new Intl.DateTimeFormat(undefined, {
  day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hour12: false,
});

/** Format a time on an axis of `range` seconds: the time of day, with the date if the range is a day or more. */
export const moment = (seconds, range) => (range < DAY ? time(seconds) : both.format(1000 * seconds));

/** Format a mark of a time axis in little space; `step` is the distance between two marks, in seconds. */
export const mark = (seconds, step) =>
  step >= DAY ? calendar.format(1000 * seconds) : time(seconds).slice(0, step < 60 ? 8 : 5);
