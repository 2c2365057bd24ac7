// Elements that show the value of a series and follow its changes.

import { el, setText } from "./dom.js";
import { keyOf, state, view } from "./state.js";

const listeners = new Set();

/** Call `update` after every change of the state or of the view. */
export function subscribe(update) {
  listeners.add(update);
}

/** Call all subscribers. */
export function refresh() {
  for (const update of listeners) update();
}

const labelsOf = (labels) => (typeof labels === "function" ? labels(view) : labels);

/**
 * Return an element that shows a series' value as text.
 *
 * `labels` is an object, or a function that returns one for the view. `part` is 0 for the value, 1 for its denominator.
 * The element's attribute `value` is the exact value, and `data-series` the key of the series. The title of a ratio has
 * its confidence bounds.
 */
export function number(metric, labels, format, part = 0) {
  const node = el("data", { class: "number", value: "" });
  subscribe(() => {
    const key = keyOf(metric, labelsOf(labels));
    const shown = state.series.get(key) ?? [];
    const found = shown[part];
    show(node, found, format(found), node.dataset.series === key);
    if (part === 0) setBounds(node, shown.slice(2), format);
    node.dataset.series = key;
    node.dataset.part = part;
  });
  return node;
}

/** Return an element that shows a number computed from several series; `compute` returns the number or null. */
export function computed(compute, format) {
  const node = el("data", { class: "number", value: "" });
  subscribe(() => {
    const found = compute();
    show(node, found, format(found), node.value !== "");
  });
  return node;
}

function setBounds(node, [low, high], format) {
  const text = low === undefined ? "" : `with 95% confidence between ${format(low)} and ${format(high)}`;
  if (node.title !== text) node.title = text;
}

function show(node, found, text, animate) {
  const exact = found === null || found === undefined ? "" : String(found);
  if (node.getAttribute("value") !== exact) node.setAttribute("value", exact);
  if (setText(node, text) && animate) flash(node);
}

const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");

function flash(node) {
  if (reducedMotion.matches || document.hidden) return;
  const color = getComputedStyle(document.documentElement).getPropertyValue("--flash");
  node.animate([{ backgroundColor: color }, { backgroundColor: "transparent" }], 900);
}
