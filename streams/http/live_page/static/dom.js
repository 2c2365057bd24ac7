// Making elements, and changing only what has changed.

/** Make an element. Attributes that are null or false are left out. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}

/** Make an SVG element. */
export function svg(tag, attributes = {}) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

/** Set an element's text, if it is another one. Tells whether it was. */
export function setText(node, text) {
  if (node.textContent === text) return false;
  node.textContent = text;
  return true;
}

/** A group of radio buttons that looks like one control; the arrow keys move in it. */
export function segments(fieldset, values, chosen, onChange) {
  const legend = fieldset.querySelector("legend");
  const name = fieldset.id;
  const choices = values.map((value) => {
    const input = el("input", { type: "radio", name, value, checked: value === chosen });
    input.addEventListener("change", () => onChange(value));
    return el("label", {}, input, el("span", {}, value));
  });
  fieldset.replaceChildren(legend, ...choices);
}
