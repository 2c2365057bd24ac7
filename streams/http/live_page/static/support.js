// Response times and their time limits by priority, in a window of their own, because support works with hours.

import { chart } from "./chart.js";
import { el, setText } from "./dom.js";
import { count, duration, openTime, share } from "./format.js";
import { computed, number, subscribe } from "./number.js";
import { exists, state, sum, supportClock, value, view } from "./state.js";
import { term } from "./glossary.js";

const BREACHES = "retention_sla_breach_ratio";

/**
 * Return the level of a share of missed targets: "watch" above the month's error budget, "alarm" above the threshold
 * of an alert.
 */
export function lateness(ratio, { sla, priority }) {
  const { objective, burn, breach } = state.about.limits;
  const budget = 1 - (objective[sla] ?? objective.resolution);
  if (!Number.isFinite(ratio)) return "calm";
  if (ratio > (breach[priority] ?? Math.min(burn * budget, 0.99))) return "alarm";
  return ratio > budget ? "watch" : "calm";
}

const PRIORITIES = ["urgent", "high", "normal", "low", "all"];
const KINDS = [
  {
    name: "First response by an agent", metric: "retention_first_response_seconds", labels: { by: "human" },
    sla: "first_human_response", limit: 0,
  },
  { name: "Resolution", metric: "retention_resolution_seconds", labels: { kind: "first" }, sla: "resolution", limit: 1 },
];
const PAUSED = "retention_tickets_paused";
const OPEN = "retention_support_open";
const NEXT = "retention_next_response_seconds";
const OUTSIDE = "retention_opened_outside_hours_ratio";
const OPEN_TIME = "In the hours in which support is open.";
const elapsed = (seconds) => (supportClock() === "business" ? openTime : duration)(seconds);
const inOpenTime = () => (supportClock() === "business" ? OPEN_TIME : "");

export function support(panel) {
  panel.append(
    el("div", { class: "two" }, ...KINDS.map(table)),
    withOutsideHours(el("dl", { class: "stats four" },
      stat(term("First response, median", "retention_first_response_seconds", "By an agent or a bot."),
        number("retention_first_response_seconds", timed({ by: "any", priority: "all", quantile: "0.5" }), elapsed)),
      late("First responses late", "first_response", "By an agent or a bot, after the due time."),
      late("Promises missed", "promise", "Not resolved by the latest deadline given to the customer."),
      stat(term("Tickets decided", BREACHES, "First responses by an agent that were given or due."),
        number(BREACHES, labelled({ sla: "first_human_response", priority: "all" }), count, 1)),
      optional(NEXT, stat(term("Next response, median", NEXT, inOpenTime), number(NEXT, timed({ quantile: "0.5" }), elapsed))),
      late("Next responses late", "next_response", "An agent did not respond to a customer's later reply by the due time."),
      stat(term("Waiting for the customer", PAUSED), computed(() => sum(PAUSED, {}, "priority", PRIORITIES), count)),
      optional(OPEN, stat(term("Support", OPEN), openness())))),
    chart("First response by an agent", () => [["0.5", "median", "--retained"], ["0.9", "90th percentile", "--reactivated"]].map(
      ([quantile, name, color]) => ({
        name, color, metric: "retention_first_response_seconds",
        labels: { clock: supportClock(), by: "human", priority: "all", quantile, window: view.supportWindow },
      })), elapsed, 600),
  );
}

const labelled = (labels) => ({ supportWindow }) => ({ ...labels, window: supportWindow });
const timed = (labels) => (chosen) => ({ ...labelled(labels)(chosen), clock: supportClock() });

const stat = (name, shown) => el("div", { class: "stat" }, el("dt", {}, name), el("dd", {}, shown));

function late(name, sla, meaning) {
  const labels = labelled({ sla, priority: "all" });
  const node = stat(term(name, BREACHES, meaning), number(BREACHES, labels, share));
  subscribe(() => (node.hidden = value(BREACHES, labels(view)) === undefined));
  return node;
}

/** Return a node that is hidden while the metric has no series. */
function optional(metric, node) {
  subscribe(() => (node.hidden = !exists(metric)));
  return node;
}

/** Return an element that says whether support is open; with several schedules, which of them are. */
function openness() {
  const node = el("span", {});
  subscribe(() => {
    const open = (state.about?.schedules ?? []).filter((schedule) => value(OPEN, { schedule }) === 1);
    const several = state.about?.schedules.length > 1;
    setText(node, open.length ? `open${several ? `: ${open.join(", ")}` : ""}` : "closed");
  });
  return node;
}

/**
 * Return the list with the share of tickets opened outside hours: a number for each schedule, with its name if there
 * are several. A restarted worker may have other schedules.
 */
function withOutsideHours(list) {
  let [known, shown] = ["", []];
  subscribe(() => {
    const schedules = state.about?.schedules ?? [];
    if (schedules.join() === known) return;
    known = schedules.join();
    for (const node of shown) node.remove();
    shown = schedules.map((schedule) => {
      const name = `Opened outside hours${schedules.length > 1 ? `, ${schedule}` : ""}`;
      return stat(term(name, OUTSIDE, "In windows of days only."), number(OUTSIDE, labelled({ schedule }), share));
    });
    list.append(...shown);
  });
  return list;
}

function table({ name, metric, labels, sla, limit }) {
  const quantile = (priority, q) => number(metric, timed({ ...labels, priority, quantile: q }), elapsed);
  const rows = PRIORITIES.map((priority) => {
    const limits = el("td", { class: "muted" });
    subscribe(() => (limits.textContent = state.about?.targets[priority] ? elapsed(state.about.targets[priority][limit]) : ""));
    return el("tr", { class: priority === "all" ? "total" : null },
      el("th", { scope: "row" }, priority),
      limits,
      el("td", {}, quantile(priority, "0.5")),
      el("td", {}, quantile(priority, "0.9")),
      lateCell({ sla, priority }));
  });
  const head = (text) => el("th", { scope: "col" }, text);
  return el("div", { class: "scroll" }, el("table", { class: "numbers" },
    el("caption", {}, term(name, metric, inOpenTime)),
    el("thead", {}, el("tr", {}, head("priority"), head("limit"), head("median"), head("90%"), head("late"))),
    el("tbody", {}, ...rows)));
}

function lateCell(labels) {
  const cell = el("td", { class: "late" }, number(BREACHES, labelled(labels), share));
  subscribe(() => {
    const ratio = value(BREACHES, { ...labels, window: view.supportWindow });
    cell.dataset.level = state.about ? lateness(ratio, labels) : "calm";
    cell.style.setProperty("--part", `${100 * (ratio ?? 0)}%`);
  });
  return cell;
}
