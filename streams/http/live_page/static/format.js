// Numbers as people read them.

const NOTHING = "–";
const DAY = 86400;
const count0 = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const known = (format) => (value) => (value === null || value === undefined ? NOTHING : format(value));

export const count = known((value) => count0.format(value));
export const share = known((value) => `${(100 * value).toFixed(1)}%`);
export const fixed = (digits) => known((value) => value.toFixed(digits).replace("-", "−"));
export const signed = known((value) => (value > 0 ? "+" : "") + fixed(0)(value));
export const rate = known((value) => (value < 10 ? value.toFixed(1) : count0.format(value)));

const UNITS = [
  [2 * 86400, 86400, "d"],
  [2 * 3600, 3600, "h"],
  [90, 60, "min"],
  [0, 1, "s"],
];

/** Seconds, in the unit in which they are easiest to read. */
export const duration = known((seconds) => {
  const [, size, unit] = UNITS.find(([from]) => Math.abs(seconds) >= from) ?? UNITS.at(-1);
  const value = seconds / size;
  const digits = value < 10 && !Number.isInteger(value) && unit !== "s" ? 1 : 0;
  return `${value.toFixed(digits)} ${unit}`;
});

/** Latencies: fractions of a second count. */
export const latency = known((seconds) => (seconds < 10 ? `${seconds} s` : duration(seconds)));

/** Money in major units of a currency. */
export const money = (currency, digits = 0) => {
  const format = new Intl.NumberFormat("en", {
    style: "currency", currency, minimumFractionDigits: digits, maximumFractionDigits: digits,
  });
  return known((value) => format.format(value));
};

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
export const time = (seconds) => clock.format(1000 * seconds);

const calendar = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const both = new Intl.DateTimeFormat(undefined, {
  day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hour12: false,
});

/** A moment of a past of so many seconds: its time of the day, or where that is too little its day too. */
export const moment = (seconds, span) => (span < DAY ? time(seconds) : both.format(1000 * seconds));

/** The same where there is little room, on an axis with so many seconds from one mark to the next. */
export const mark = (seconds, step) =>
  step >= DAY ? calendar.format(1000 * seconds) : time(seconds).slice(0, step < 60 ? 8 : 5);
