// The share of customers who order again, by the time since their first order.

import { chart } from "./chart.js";
import { el, setText } from "./dom.js";
import { count, share } from "./format.js";
import { number, subscribe } from "./number.js";
import { denominator, state, value } from "./state.js";
import { term } from "./glossary.js";

const RATIO = "retention_cohort_age_ratio";
const DAY_HOURS = 24;
const KINDS = [
  ["nth", "in the period", "--reactivated", "Customers with another order in this period (kind nth)."],
  ["by", "by its end", "--retained", "Customers with another order before the end of this period (kind by)."],
  ["unbounded", "in it or later", "--new", "Customers with another order in this period or later (kind unbounded). It rises as long as customers come back."],
];

/** Return the ends of the periods of a customer's age, in hours; none if cohorts are not configured. */
const ends = () => state.about?.cohorts ?? [];
const labels = (kind, age) => ({ kind, age: String(age) });
const eligible = (age) => denominator(RATIO, labels("by", age)) ?? 0;

/** Return the number of the last period that is over for a customer; -1 if there is none. */
const latest = () => ends().findLastIndex((_, age) => eligible(age) > 0);

/** Return the name of a period, such as "30–60 d". */
function period(age) {
  const days = ends().every((hours) => hours % DAY_HOURS === 0);
  const [begin, end] = [ends()[age - 1] ?? 0, ends()[age]].map((hours) => count(days ? hours / DAY_HOURS : hours));
  return `${begin}–${end}\u00a0${days ? "d" : "h"}`;
}

const ages = () => Array.from({ length: latest() + 1 }, (_, age) => age);

/** The x axis: the periods, up to the last one that is over for a customer. */
const AGES = {
  head: "period",
  values: ages,
  column: ({ labels: { kind } }) => ages().map((age) => value(RATIO, labels(kind, age)) ?? null),
  version: (lines) => [...ends(), ...lines.flatMap(AGES.column)].join(),
  name: period,
  latest: () => period(latest()),
  marks: (splits) => splits.map((age) => (Number.isInteger(age) && ends()[age] ? period(age) : "")),
  rows: ages,
  others: () => [{ name: "customers", format: count, values: ages().map(eligible) }],
  time: false,
  points: true,
};

/** Show the curves over all cohorts. The panel is hidden if cohorts are not configured. */
export function cohorts(panel) {
  const none = el("p", { class: "muted" }, "The first period is not over for any customer yet.");
  const parts = KINDS.map(([kind, name, color, meaning]) => {
    const mark = el("span", { class: "mark" });
    mark.style.background = `var(${color})`;
    return el("div", { class: "stat" },
      el("dt", {}, mark, term(name, RATIO, meaning)),
      el("dd", {}, number(RATIO, () => labels(kind, Math.max(0, latest())), share)));
  });
  const shown = el("small", { class: "muted" });
  parts.push(el("div", { class: "stat" },
    el("dt", {}, term("customers", RATIO, "Customers for whom this period is over, of all months but those that are not compared (before).")),
    el("dd", {}, number(RATIO, () => labels("by", Math.max(0, latest())), count, 1), " ", shown)));
  const stats = el("dl", { class: "stats four" }, ...parts);
  panel.append(none, stats);
  const lines = () => KINDS.map(([kind, name, color]) => ({ name, color, metric: RATIO, labels: { kind } }));
  const curve = chart("Customers who order again", lines, share, 0.05, AGES);
  panel.append(curve);
  subscribe(() => {
    panel.hidden = !ends().length;
    none.hidden = latest() >= 0;
    setText(shown, latest() < 0 ? "" : `at ${period(latest())}`);
    for (const node of [stats, curve]) node.hidden = latest() < 0;
  });
}
