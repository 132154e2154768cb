/* Making and changing elements. Texts only ever become text: what a script has failed with is
   somebody else's words. */

/**
 * Make an element.
 * @param {string} tag
 * @param {Object<string, unknown>} [attributes] `text` is its text, functions listen to events
 * @param {...(Node|string|null)} children
 * @returns {HTMLElement}
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (name === "text") element.textContent = String(value);
    else setAttribute(element, name, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** Change an attribute only when it differs; `null`, `undefined` and `false` remove it. */
export function setAttribute(element, name, value) {
  if (value === null || value === undefined || value === false) {
    if (element.hasAttribute(name)) element.removeAttribute(name);
    return;
  }
  const text = value === true ? "" : String(value);
  if (element.getAttribute(name) !== text) element.setAttribute(name, text);
}

/** Change a text only when it differs, so that a selection stays. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Bring the children of an element in line with a list, keeping those that stay: focus, scroll
 * position and selection are theirs.
 * @param {Element} parent
 * @param {Array<object>} items
 * @param {(item: object) => string} keyOf
 * @param {(item: object) => Element} create
 * @param {(element: Element, item: object) => void} update
 */
export function patchChildren(parent, items, keyOf, create, update) {
  const known = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let place = parent.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    let element = known.get(key);
    if (element) known.delete(key);
    else {
      element = create(item);
      element.dataset.key = key;
    }
    update(element, item);
    if (element === place) place = place.nextElementSibling;
    else parent.insertBefore(element, place);
  }
  for (const element of known.values()) element.remove();
}
