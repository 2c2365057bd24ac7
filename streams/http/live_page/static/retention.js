// The retention rate of each window, and the flow of customers in the chosen window.

import { chart, sparkline } from "./chart.js";
import { el } from "./dom.js";
import { count, share } from "./format.js";
import { subscribe, number } from "./number.js";
import { state, value, view } from "./state.js";
import { term } from "./glossary.js";

const RATE = "retention_rate_ratio";
const SETS = [
  ["retained", "Retained", "customers of the previous window who bought again"],
  ["lost", "Lost", "customers of the previous window who did not buy again. The share is the churn"],
  ["reactivated", "Reactivated", "customers who returned after a window or more without an order"],
  ["new", "New", "customers with their first order"],
];

/** Show one card per window. */
export function cards(list, windows) {
  list.replaceChildren(...windows.map(card));
}

function card(window) {
  const cohort = { window, method: "cohort" };
  const node = el("li", { class: "card" },
    el("h3", {}, term(window, RATE, "Cohort: retained / active before. Textbook: (active now − new) / active before. "
      + "Reactivated customers raise the textbook rate, which may exceed 100%.")),
    el("p", { class: "big" }, number(RATE, cohort, share)),
    sparkline(RATE, cohort, 0.02),
    el("p", { class: "muted hint" }, "textbook ", number(RATE, { window, method: "textbook" }, share),
      el("span", { class: "base" }, "of ", number(RATE, cohort, count, 1))),
  );
  node.addEventListener("click", (event) => {
    if (event.target.closest("button")) return;
    document.querySelector(`#windows input[value="${CSS.escape(window)}"]`)?.click();
  });
  subscribe(() => node.classList.toggle("chosen", view.window === window));
  return node;
}

/** Show the numbers of retained, lost, reactivated and new customers. */
export function flow(panel) {
  const legend = SETS.map(([set, name, meaning]) => {
    const mark = el("span", { class: "mark" });
    mark.style.background = `var(--${set})`;
    return el("div", { class: "stat" },
      el("dt", {}, mark, term(name, "retention_customers", `${name}: ${meaning}.`)),
      el("dd", {}, number("retention_customers", ({ window }) => ({ window, set }), count), ...(set === "lost" ? [churn()] : [])));
  });
  panel.append(
    bar("Active before", "start", ["retained", "lost"]),
    bar("Active now", "end", ["retained", "reactivated", "new"]),
    el("dl", { class: "stats four" }, ...legend),
    chart("Customers lost, reactivated and new", () => ["lost", "reactivated", "new"].map((set) => ({
      name: set, color: `--${set}`, metric: "retention_customers", labels: { window: view.window, set },
    })), count, 10),
  );
}

function churn() {
  const node = el("small", { class: "muted churn" }, " ", number("retention_churn_ratio", ({ window }) => ({ window }), share));
  subscribe(() => {
    const { churn: ceilings = {}, churn_near: near = 0 } = state.about?.limits ?? {};
    const ceiling = ceilings[view.window] ?? Infinity;
    const lost = value("retention_churn_ratio", { window: view.window });
    node.dataset.level = lost > ceiling ? "alarm" : lost > ceiling - near ? "watch" : "";
  });
  return node;
}

function bar(name, whole, parts) {
  const pieces = parts.map((set) => {
    const piece = el("span", { class: "piece" });
    piece.style.background = `var(--${set})`;
    return piece;
  });
  const people = (set) => value("retention_customers", { window: view.window, set }) ?? 0;
  subscribe(() => {
    const most = Math.max(people("start"), people("end"), 1);
    parts.forEach((set, index) => (pieces[index].style.width = `${(100 * people(set)) / most}%`));
  });
  return el("div", { class: "flow-row" },
    el("span", { class: "flow-name" }, name),
    el("b", { class: "flow-total" }, number("retention_customers", ({ window }) => ({ window, set: whole }), count)),
    el("span", { class: "flow-bar", "aria-hidden": "true" }, ...pieces));
}

