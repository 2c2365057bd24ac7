// Feedback, churn by exposure, lifecycle states, and orders.

import { el } from "./dom.js";
import { count, fixed, money, share, signed } from "./format.js";
import { subscribe, number } from "./number.js";
import { exists, state, value, view } from "./state.js";
import { term } from "./glossary.js";

const windowed = (labels = {}) => ({ window }) => ({ ...labels, window });
/** Format money in the worker's currency, which the first snapshot contains. */
const inCurrency = (digits) => (amount) => (state.about ? money(state.about.currency, digits)(amount) : "–");
const currency = () => ({ currency: state.about?.currency ?? "" });

/** Hide a panel while all of its metrics are missing. */
function hideWithout(panel, ...metrics) {
  subscribe(() => (panel.hidden = Boolean(state.about) && !metrics.some(exists)));
}

const SCORES = [
  ["Net promoter score", "retention_nps", signed, "nps"],
  ["Satisfied (CSAT)", "retention_csat_ratio", share, "csat"],
  ["Ease (CES), of 7", "retention_ces", fixed(2), "ces"],
  ["Review rating, of 5", "retention_review_rating", fixed(2), "review"],
  ["Sentiment, −1 to 1", "retention_sentiment", fixed(2), "review"],
];

export function feedback(panel) {
  const rows = SCORES.map(([name, metric, format, kind]) =>
    el("tr", {},
      el("th", { scope: "row" }, term(name, metric)),
      el("td", { class: "strong" }, number(metric, windowed(), format)),
      el("td", { class: "muted" }, number("retention_responses", windowed({ kind }), count))));
  panel.append(el("table", { class: "numbers airy" },
    el("thead", {}, el("tr", {}, ...["", "score", "answers"].map((text) => el("th", { scope: "col" }, text || el("span", { class: "hidden-text" }, "score name"))))),
    el("tbody", {}, ...rows)));
  hideWithout(panel, "retention_nps");
}

const EXPOSURES = [
  ["none", "no exposure"],
  ["slow_response", "a slow first response"],
  ["late_delivery", "a late delivery"],
  ["refund", "a refund"],
  ["refund_rejected", "a rejected refund"],
  ["stockout", "a product out of stock"],
  ["bad_experience", "a bad experience"],
];
const CHURN = "retention_churn_by_exposure_ratio";

/** Show churn after each kind of exposure, compared with churn without any. */
export function causes(panel) {
  panel.append(
    el("p", { class: "muted hint" }, "Share of customers lost, by their exposure before the window"),
    el("ul", { class: "bars" }, ...EXPOSURES.map(([exposure, name]) => {
      const fill = el("span", { class: "fill" });
      const node = el("li", { class: exposure === "none" ? "baseline" : null },
        term(name, CHURN, exposure === "none" ? "The baseline for the other exposures." : ""),
        el("span", { class: "muted" }, "of ", number(CHURN, windowed({ exposure }), count, 1)),
        number(CHURN, windowed({ exposure }), share),
        el("span", { class: "track", "aria-hidden": "true" }, fill));
      subscribe(() => (fill.style.width = `${100 * (value(CHURN, { window: view.window, exposure }) ?? 0)}%`));
      return node;
    })));
  hideWithout(panel, CHURN);
}

const STATES = [
  ["returning", "returning", "--retained"],
  ["reactivated", "reactivated", "--reactivated"],
  ["new", "new", "--new"],
  ["at_risk", "at risk", "--watch"],
  ["churned", "churned", "--lost"],
  ["prospect", "no order yet", "--faint"],
];

export function lifecycle(panel) {
  const people = (name) => value("retention_lifecycle_customers", { state: name }) ?? 0;
  const bar = el("div", { class: "flow-bar", "aria-hidden": "true" });
  const rows = STATES.map(([id, name, color]) => {
    const [mark, piece] = [el("span", { class: "mark" }), el("span", { class: "piece" })];
    for (const each of [mark, piece]) each.style.background = `var(${color})`;
    bar.append(piece);
    subscribe(() => {
      const all = STATES.reduce((total, [each]) => total + people(each), 0);
      piece.style.width = `${(100 * people(id)) / (all || 1)}%`;
    });
    return el("tr", {},
      el("th", { scope: "row" }, mark, term(name, "retention_lifecycle_customers")),
      el("td", { class: "strong" }, number("retention_lifecycle_customers", { state: id }, count)),
      el("td", { class: "muted" }, number("retention_lifecycle_value", () => ({ state: id, ...currency() }), inCurrency(0))));
  });
  panel.append(bar, el("table", { class: "numbers airy" },
    el("thead", {}, el("tr", {}, ...["state", "customers", "net revenue, a year"].map((text) => el("th", { scope: "col" }, text)))),
    el("tbody", {}, ...rows)));
  hideWithout(panel, "retention_lifecycle_customers");
}

const ORDERS = [
  ["Orders", "retention_orders", windowed(), count],
  ["Net revenue", "retention_net_revenue", (chosen) => ({ window: chosen.window, ...currency() }), inCurrency(0)],
  ["Average order", "retention_average_order_value", (chosen) => ({ window: chosen.window, orders: "all", ...currency() }), inCurrency(2)],
  ["Lifetime value", "retention_customer_lifetime_value", () => ({ method: "cohort", ...currency() }), inCurrency(2)],
  ["Repeat customers", "retention_returning_customer_ratio", windowed({ method: "window" }), share],
  ["Delivered on time", "retention_on_time_delivery_ratio", windowed(), share],
  ["Orders refunded", "retention_refund_ratio", windowed({ basis: "orders" }), share],
  ["Carts abandoned", "retention_cart_abandonment_ratio", windowed(), share],
];

export function orders(panel) {
  panel.append(el("dl", { class: "stats eight" }, ...ORDERS.map(([name, metric, labels, format]) => {
    const node = el("div", { class: "stat" }, el("dt", {}, term(name, metric)), el("dd", {}, number(metric, labels, format)));
    hideWithout(node, metric);
    return node;
  })));
}
