// The explanation of a number: a tooltip on its name, shown on hover, focus or tap.

import { el } from "./dom.js";
import { state } from "./state.js";

const tip = document.getElementById("tip");
let shown = null;
let pinned = false;

/** Return a name with a tooltip: the help text of the metric, then `more` (a text, or a function that returns one). */
export function term(text, metric, more = "") {
  const node = el("button", { type: "button", class: "term" }, text);
  node.addEventListener("pointerenter", (event) => event.pointerType === "mouse" && show(node, metric, more));
  node.addEventListener("pointerleave", () => !pinned && hideSoon());
  node.addEventListener("focus", () => show(node, metric, more));
  node.addEventListener("blur", hide);
  node.addEventListener("click", () => {
    show(node, metric, more);
    pinned = true;
  });
  return node;
}

let hideTimer = 0;

function hideSoon() {
  clearTimeout(hideTimer);
  hideTimer = setTimeout(hide, 150); // the pointer may be moving to the tooltip
}

function hide() {
  clearTimeout(hideTimer);
  shown?.removeAttribute("aria-describedby");
  shown = null;
  pinned = false;
  tip.hidden = true;
}

function show(node, metric, more) {
  clearTimeout(hideTimer);
  if (shown !== node) hide();
  const help = state.about?.help[metric] ?? "";
  const texts = [help, typeof more === "function" ? more() : more].filter(Boolean);
  if (!texts.length) return;
  tip.replaceChildren(...texts.map((text) => el("p", {}, text)));
  if (help) tip.append(el("code", {}, metric));
  node.setAttribute("aria-describedby", "tip");
  tip.hidden = false;
  place(node.getBoundingClientRect());
  shown = node;
}

function place(at) {
  const { offsetWidth: width, offsetHeight: height } = tip;
  const left = Math.max(8, Math.min(at.left, document.documentElement.clientWidth - width - 8));
  const below = at.bottom + 6;
  const fits = below + height < document.documentElement.clientHeight;
  tip.style.left = `${left + window.scrollX}px`;
  tip.style.top = `${(fits ? below : Math.max(8, at.top - height - 6)) + window.scrollY}px`;
}

tip.addEventListener("pointerenter", () => clearTimeout(hideTimer));
tip.addEventListener("pointerleave", () => !pinned && hideSoon());
document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
