// The firing alerts of Prometheus: summary, team, time since they fire, and a link to the runbook.

import { el, setText } from "./dom.js";
import { duration } from "./format.js";
import { subscribe } from "./number.js";
import { state } from "./state.js";

const LEVELS = { critical: "alarm", warning: "watch" };
const WORDS = { critical: "Now", warning: "Soon" };
const HINTS = { critical: "pages the team on call", warning: "for the team's next working day" };

export function alerts(panel) {
  const status = el("p", { class: "muted hint" });
  const list = el("ul", { class: "alerts", "aria-live": "polite" });
  panel.append(status, list);
  let shown = "";
  subscribe(() => {
    const firing = state.alerts;
    panel.hidden = firing === undefined;
    setText(status, firing === null ? "Prometheus is unreachable." : firing?.length ? "" : "No alert is firing.");
    status.hidden = !status.textContent;
    const now = JSON.stringify(firing ?? []);
    if (now !== shown && !list.contains(document.activeElement)) {
      shown = now;
      list.replaceChildren(...(firing ?? []).map(item));
    }
    for (const node of list.querySelectorAll("[data-since]")) {
      setText(node, `for ${duration(Math.max(0, state.at - Number(node.dataset.since)))}`);
    }
  });
}

function item({ severity, team, summary, description, since, runbook }) {
  return el("li", {},
    el("span", { class: "level", "data-level": LEVELS[severity] ?? "watch", title: HINTS[severity] ?? null }, WORDS[severity] ?? severity),
    el("div", {},
      el("p", { class: "strong" }, summary),
      el("p", { class: "muted" }, description),
      el("p", { class: "muted hint" }, `${team}, `, el("span", { "data-since": since }),
        ...(runbook ? [" · ", el("a", { href: runbook, target: "_blank", rel: "noopener" }, "what to do",
          el("span", { class: "hidden-text" }, ` about: ${summary}`))] : []))));
}
