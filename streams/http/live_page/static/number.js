// One number on the page, bound to its series.

import { el, setText } from "./dom.js";
import { keyOf, store, view } from "./state.js";

const updates = new Set();

/** Call `update` whenever something may have changed. */
export function follow(update) {
  updates.add(update);
}

/** Show what is known now. */
export function refresh() {
  for (const update of updates) update();
}

const labelsOf = (labels) => (typeof labels === "function" ? labels(view) : labels);

/**
 * A series' value, as text.
 *
 * `labels` is an object, or a function that makes one of the view; `part` is 0 for the value, 1 for what it rests on.
 * The element's `value` is the exact one, and `data-series` says of which series.
 */
export function number(metric, labels, format, part = 0) {
  const node = el("data", { class: "number", value: "" });
  follow(() => {
    const key = keyOf(metric, labelsOf(labels));
    const found = store.series.get(key)?.[part];
    show(node, found, format(found), node.dataset.series === key);
    node.dataset.series = key;
    node.dataset.part = part;
  });
  return node;
}

/** A number that is made of several series: `compute` gives it, or null. */
export function computed(compute, format) {
  const node = el("data", { class: "number", value: "" });
  follow(() => {
    const found = compute();
    show(node, found, format(found), node.value !== "");
  });
  return node;
}

function show(node, found, text, same) {
  const exact = found === null || found === undefined ? "" : String(found);
  if (node.getAttribute("value") !== exact) node.setAttribute("value", exact);
  if (setText(node, text) && same) flash(node);
}

const calm = matchMedia("(prefers-reduced-motion: reduce)");

function flash(node) {
  if (calm.matches || document.hidden) return;
  const color = getComputedStyle(document.documentElement).getPropertyValue("--flash");
  node.animate([{ backgroundColor: color }, { backgroundColor: "transparent" }], 900);
}
