/* Moving in a grid by keyboard: Tab leads to one stop in each table, arrows lead on from there. */

const STOP = "[data-nav]";

/** See to it that exactly one element of a grid is reached by Tab. @param {HTMLTableElement} grid */
export function keepOneStop(grid) {
  const stops = [...grid.querySelectorAll(STOP)];
  const current = stops.find((stop) => stop === document.activeElement)
    ?? stops.find((stop) => stop.tabIndex === 0 && stop.hasAttribute("tabindex"))
    ?? stops[0];
  for (const stop of stops) {
    const wanted = stop === current ? "0" : "-1";
    if (stop.getAttribute("tabindex") !== wanted) stop.setAttribute("tabindex", wanted);
  }
}

/** Make an element the one stop of its grid. */
export function stopAt(element) {
  const grid = element.closest("table");
  for (const other of grid.querySelectorAll(`${STOP}[tabindex="0"]`)) {
    if (other !== element) other.setAttribute("tabindex", "-1");
  }
  element.setAttribute("tabindex", "0");
}

function cellOf(element) {
  return element.closest("td, th");
}

function stopsOf(row) {
  return [...row.querySelectorAll(STOP)];
}

/** Give the stop of a row that is nearest to a column. */
function nearest(row, column) {
  const distance = (stop) => Math.abs(cellOf(stop).cellIndex - column);
  return stopsOf(row).reduce(
    (best, stop) => (best === null || distance(stop) < distance(best) ? stop : best),
    null,
  );
}

function vertically(element, step) {
  const column = cellOf(element).cellIndex;
  let row = element.closest("tr");
  do {
    row = step > 0 ? row.nextElementSibling : row.previousElementSibling;
  } while (row && stopsOf(row).length === 0);
  return row ? nearest(row, column) : null;
}

function horizontally(element, step) {
  const stops = stopsOf(element.closest("tr"));
  return stops[stops.indexOf(element) + step] ?? null;
}

const MOVES = {
  ArrowRight: (element) => horizontally(element, 1),
  ArrowLeft: (element) => horizontally(element, -1),
  ArrowDown: (element) => vertically(element, 1),
  ArrowUp: (element) => vertically(element, -1),
  Home: (element) => stopsOf(element.closest("tr"))[0],
  End: (element) => stopsOf(element.closest("tr")).at(-1),
};

/**
 * Listen to the keys of the grids below an element.
 * @param {HTMLElement} root
 * @param {(element: Element) => void} activate Enter or Space on a cell
 */
export function listenToKeys(root, activate) {
  root.addEventListener("focusin", (event) => {
    if (event.target.matches(STOP)) stopAt(event.target);
  });
  root.addEventListener("keydown", (event) => {
    const element = event.target;
    if (!element.matches(STOP) || event.ctrlKey || event.metaKey || event.altKey) return;
    const next = MOVES[event.key]?.(element);
    if (next) {
      event.preventDefault();
      next.focus();
    } else if (["Enter", " "].includes(event.key) && element.matches("td")) {
      event.preventDefault();
      activate(element);
    }
  });
}
