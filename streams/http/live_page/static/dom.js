// Create elements, and update text only if it differs.

/** Create an element. Attributes with the value null or false are omitted. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}

/** Create an SVG element. */
export function svg(tag, attributes = {}) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

/** Set an element's text if it differs. Return whether it did. */
export function setText(node, text) {
  if (node.textContent === text) return false;
  node.textContent = text;
  return true;
}

/** Fill a fieldset with radio buttons that look like one control; the arrow keys change the choice. */
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
