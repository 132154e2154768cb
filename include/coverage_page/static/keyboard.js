/* Moving in a grid by keyboard: Tab leads to one stop in each table, arrows lead on from there. */

const STOP = "[data-nav]";

/** See to it that an element of a grid is reached by Tab. @param {HTMLTableElement} grid */
export function keepOneStop(grid) {
  if (grid.querySelector(`${STOP}[tabindex="0"]`)) {
    grid.querySelectorAll("button:not([tabindex])").forEach(leaveOut);
    return;
  }
  grid.querySelectorAll("button").forEach(leaveOut);
  const first = grid.querySelector(STOP);
  if (first) stopAt(first);
}

/** Make an element the one stop of its grid. */
export function stopAt(element) {
  const others = element.closest("table").querySelectorAll('[tabindex="0"]');
  // What loses the attribute for a moment loses the focus, too.
  for (const other of others) if (other !== element) leaveOut(other);
  element.setAttribute("tabindex", "0");
}

/** Let Tab pass by. Cells are many: those that are no stop have no such attribute at all. */
function leaveOut(element) {
  if (element.matches("button")) element.setAttribute("tabindex", "-1");
  else element.removeAttribute("tabindex");
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

function vertically(element, step, fill) {
  const column = cellOf(element).cellIndex;
  let row = element.closest("tr");
  do {
    row = step > 0 ? row.nextElementSibling : row.previousElementSibling;
    if (row) fill(row);
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
  ArrowDown: (element, fill) => vertically(element, 1, fill),
  ArrowUp: (element, fill) => vertically(element, -1, fill),
  Home: (element) => stopsOf(element.closest("tr"))[0],
  End: (element) => stopsOf(element.closest("tr")).at(-1),
};

/**
 * Listen to the keys of the grids below an element.
 * @param {HTMLElement} root
 * @param {(element: Element) => void} activate Enter or Space on a cell
 * @param {(row: Element) => void} fill gives a row that has not been seen yet its cells
 */
export function listenToKeys(root, activate, fill) {
  root.addEventListener("focusin", (event) => {
    if (event.target.matches(STOP)) stopAt(event.target);
  });
  root.addEventListener("keydown", (event) => {
    const element = event.target;
    if (!element.matches(STOP) || event.ctrlKey || event.metaKey || event.altKey) return;
    const next = MOVES[event.key]?.(element, fill);
    if (next) {
      event.preventDefault();
      stopAt(next);
      next.focus();
    } else if (["Enter", " "].includes(event.key) && element.matches("td")) {
      event.preventDefault();
      activate(element);
    }
  });
}
