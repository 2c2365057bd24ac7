// Response times against their targets, by priority, in a window of their own: support looks at hours.

import { chart } from "./chart.js";
import { el } from "./dom.js";
import { count, duration, share } from "./format.js";
import { follow, number } from "./number.js";
import { exists, store, value, view } from "./state.js";
import { term } from "./glossary.js";

const BREACHES = "retention_sla_breach_ratio";

/**
 * How bad a share of missed targets is: "watch" where it is more than the month's budget allows, "alarm" where it is
 * what an alert fires at.
 */
export function lateness(ratio, { sla, priority }) {
  const { objective, burn, breach } = store.about.limits;
  const budget = 1 - (objective[sla] ?? objective.resolution);
  if (!Number.isFinite(ratio)) return "calm";
  if (ratio > (breach[priority] ?? Math.min(burn * budget, 0.99))) return "alarm";
  return ratio > budget ? "watch" : "calm";
}

const PRIORITIES = ["urgent", "high", "normal", "low", "all"];
const KINDS = [
  {
    name: "First answer by a person", metric: "retention_first_response_seconds", labels: { by: "human" },
    sla: "first_human_response", target: 0,
  },
  { name: "Resolution", metric: "retention_resolution_seconds", labels: { kind: "first" }, sla: "resolution", target: 1 },
];

export function support(panel) {
  panel.append(
    el("div", { class: "two" }, ...KINDS.map(table)),
    el("dl", { class: "stats four" },
      stat(term("Any first answer, half within", "retention_first_response_seconds", "A bot's acknowledgement counts."),
        number("retention_first_response_seconds", labelled({ by: "any", priority: "all", quantile: "0.5" }), duration)),
      late("First answers late", "first_response", "Any answer, also a bot's, after its target."),
      late("Promised times missed", "promise", "Not resolved by the time that the customer was told last."),
      stat(term("Tickets decided", BREACHES, "How many first answers by a person were due or given."),
        number(BREACHES, labelled({ sla: "first_human_response", priority: "all" }), count, 1))),
    chart("First answer by a person", () => [["0.5", "half within", "--retained"], ["0.9", "90% within", "--reactivated"]].map(
      ([quantile, name, color]) => ({
        name, color, metric: "retention_first_response_seconds",
        labels: { by: "human", priority: "all", quantile, window: view.supportWindow },
      })), duration, 600),
  );
}

const labelled = (labels) => ({ supportWindow }) => ({ ...labels, window: supportWindow });

const stat = (name, shown) => el("div", { class: "stat" }, el("dt", {}, name), el("dd", {}, shown));

function late(name, sla, meaning) {
  const node = stat(term(name, BREACHES, meaning), number(BREACHES, labelled({ sla, priority: "all" }), share));
  follow(() => (node.hidden = !exists(BREACHES)));
  return node;
}

function table({ name, metric, labels, sla, target }) {
  const quantile = (priority, q) => number(metric, labelled({ ...labels, priority, quantile: q }), duration);
  const rows = PRIORITIES.map((priority) => {
    const targets = el("td", { class: "muted" });
    follow(() => (targets.textContent = store.about?.targets[priority] ? duration(store.about.targets[priority][target]) : ""));
    return el("tr", { class: priority === "all" ? "total" : null },
      el("th", { scope: "row" }, priority),
      targets,
      el("td", {}, quantile(priority, "0.5")),
      el("td", {}, quantile(priority, "0.9")),
      lateCell({ sla, priority }));
  });
  const head = (text) => el("th", { scope: "col" }, text);
  return el("div", { class: "scroll" }, el("table", { class: "numbers" },
    el("caption", {}, term(name, metric)),
    el("thead", {}, el("tr", {}, head("priority"), head("target"), head("half"), head("90%"), head("late"))),
    el("tbody", {}, ...rows)));
}

function lateCell(labels) {
  const cell = el("td", { class: "late" }, number(BREACHES, labelled(labels), share));
  follow(() => {
    const ratio = value(BREACHES, { ...labels, window: view.supportWindow });
    cell.dataset.level = store.about ? lateness(ratio, labels) : "calm";
    cell.style.setProperty("--part", `${100 * (ratio ?? 0)}%`);
  });
  return cell;
}
