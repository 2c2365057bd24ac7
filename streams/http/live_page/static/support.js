// Response times and their time limits by priority, in a window of their own, because support works with hours.

import { chart } from "./chart.js";
import { el } from "./dom.js";
import { count, duration, share } from "./format.js";
import { subscribe, number } from "./number.js";
import { exists, state, value, view } from "./state.js";
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
    name: "First response by an agent", metric: "retention_first_response_seconds", labels: { clock: "calendar", by: "human" },
    sla: "first_human_response", limit: 0,
  },
  { name: "Resolution", metric: "retention_resolution_seconds", labels: { clock: "calendar", kind: "first" }, sla: "resolution", limit: 1 },
];

export function support(panel) {
  panel.append(
    el("div", { class: "two" }, ...KINDS.map(table)),
    el("dl", { class: "stats four" },
      stat(term("First response, median", "retention_first_response_seconds", "By an agent or a bot."),
        number("retention_first_response_seconds", labelled({ clock: "calendar", by: "any", priority: "all", quantile: "0.5" }), duration)),
      late("First responses late", "first_response", "By an agent or a bot, after the due time."),
      late("Promises missed", "promise", "Not resolved by the latest deadline given to the customer."),
      stat(term("Tickets decided", BREACHES, "First responses by an agent that were given or due."),
        number(BREACHES, labelled({ sla: "first_human_response", priority: "all" }), count, 1))),
    chart("First response by an agent", () => [["0.5", "median", "--retained"], ["0.9", "90th percentile", "--reactivated"]].map(
      ([quantile, name, color]) => ({
        name, color, metric: "retention_first_response_seconds",
        labels: { clock: "calendar", by: "human", priority: "all", quantile, window: view.supportWindow },
      })), duration, 600),
  );
}

const labelled = (labels) => ({ supportWindow }) => ({ ...labels, window: supportWindow });

const stat = (name, shown) => el("div", { class: "stat" }, el("dt", {}, name), el("dd", {}, shown));

function late(name, sla, meaning) {
  const node = stat(term(name, BREACHES, meaning), number(BREACHES, labelled({ sla, priority: "all" }), share));
  subscribe(() => (node.hidden = !exists(BREACHES)));
  return node;
}

function table({ name, metric, labels, sla, limit }) {
  const quantile = (priority, q) => number(metric, labelled({ ...labels, priority, quantile: q }), duration);
  const rows = PRIORITIES.map((priority) => {
    const limits = el("td", { class: "muted" });
    subscribe(() => (limits.textContent = state.about?.targets[priority] ? duration(state.about.targets[priority][limit]) : ""));
    return el("tr", { class: priority === "all" ? "total" : null },
      el("th", { scope: "row" }, priority),
      limits,
      el("td", {}, quantile(priority, "0.5")),
      el("td", {}, quantile(priority, "0.9")),
      lateCell({ sla, priority }));
  });
  const head = (text) => el("th", { scope: "col" }, text);
  return el("div", { class: "scroll" }, el("table", { class: "numbers" },
    el("caption", {}, term(name, metric)),
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
