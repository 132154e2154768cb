/* The matrix: one table for each kind of period, a row for each job, opened to its shops.

   What has changed is changed in place: focus, scroll position and selection stay. */

import { make, patchChildren, setAttribute, setText } from "./dom.js";
import { headRows } from "./columns.js";
import { keepOneStop } from "./keyboard.js";
import { CODES, GAPS, NAMES, REPAIRABLE, SIGNS, cellOf, count, face, worstOf } from "./states.js";
import { moment, number, say } from "./words.js";

/**
 * @typedef {object} Handlers
 * @property {(job: object) => void} toggle
 * @property {(job: object) => void} repair
 * @property {(place: Place) => void} show
 */
/** @typedef {{job: object, column: string, shop: ?object, cell: ?object, code: string}} Place */

/** What each cell stands for. @type {WeakMap<Element, Place>} */
export const places = new WeakMap();

/**
 * Show the matrix.
 * @param {HTMLElement} root
 * @param {object[]} groups what the server tells, with the jobs that are to be seen
 * @param {Map<string, object>} opened the shops of opened jobs, by job
 * @param {Handlers} handlers
 */
export function showGrid(root, groups, opened, handlers) {
  const shown = groups.filter((group) => group.jobs.length > 0);
  patchChildren(root, shown, (group) => group.name, makeGroup, (element, group) =>
    updateGroup(element, group, opened, handlers),
  );
  // The latest is what people look for; where they have scrolled to stays.
  for (const scroll of root.querySelectorAll(".scroll:not([data-used])")) {
    scroll.scrollLeft = scroll.scrollWidth;
  }
}

function makeGroup(group) {
  const title = say(`group.${group.name.split("-")[0]}`);
  const id = `group-${group.name}`;
  const table = make("table", { role: "grid", "aria-labelledby": id });
  table.append(make("thead"), make("tbody"));
  const scroll = make("div", { class: "scroll" }, table);
  for (const used of ["wheel", "pointerdown", "focusin"]) {
    scroll.addEventListener(used, () => (scroll.dataset.used = ""), { once: true, passive: true });
  }
  return make("section", { class: "group" }, make("h2", { id, text: title }), scroll);
}

function updateGroup(element, group, opened, handlers) {
  const [head, body] = [element.querySelector("thead"), element.querySelector("tbody")];
  const axis = group.axis.join();
  if (head.dataset.axis !== axis) {
    head.dataset.axis = axis;
    head.replaceChildren(...headRows(group, say("job"), say("gaps")));
    body.replaceChildren();
  }
  const rows = group.jobs.flatMap((job) => rowsOf(job, group, opened));
  patchChildren(body, rows, (row) => row.key, (row) => makeRow(row, handlers), updateRow);
  keepOneStop(element.querySelector("table"));
}

/** Give the rows of a job: its own, and when it is opened those of its shops. */
function rowsOf(job, group, opened) {
  const own = { key: `job:${job.id}`, job, axis: group.axis, shop: null, open: opened.has(job.id) };
  const told = opened.get(job.id);
  if (!told) return [own];
  const places = new Map(told.axis.map((column, place) => [column, place]));
  const shops = told.shops.map((shop) => ({
    key: `shop:${job.id}:${shop.id}`,
    job,
    axis: group.axis,
    shop,
    codeAt: (column) => (places.has(column) ? shop.states[places.get(column)] : " "),
  }));
  return [own, ...shops];
}

function makeRow(row, handlers) {
  const last = make("td", { role: "gridcell", class: "act" });
  if (row.shop) {
    const name = make("th", { scope: "row", class: "name shop" });
    name.append(
      make("span", { class: "label" }), make("span", { class: "id" }), make("span", { class: "until" }),
    );
    const element = make("tr", { class: "shop-row" }, name, last);
    waiting.set(element, row);
    approach.observe(element);
    return element;
  }
  const element = make("tr", { class: "job-row" }, jobName(row.job, handlers), last);
  addCells(element, row);
  return element;
}

function addCells(element, row) {
  const cells = row.axis.map((column) => {
    const cell = make("td", { role: "gridcell", class: "cell" });
    places.set(cell, { job: row.job, column, shop: row.shop, cell: null, code: " " });
    return cell;
  });
  element.firstElementChild.after(...cells);
}

/** Rows of shops, of which there may be hundreds, have no cells until they are about to be seen. */
const waiting = new WeakMap();
const approach = new IntersectionObserver(
  (entries) => entries.filter((entry) => entry.isIntersecting).forEach((entry) => fill(entry.target)),
  { rootMargin: "400px 4000px" },
);

/** Give a row its cells, if it has none yet. @param {HTMLTableRowElement} element */
export function fill(element) {
  const row = waiting.get(element);
  if (!row) return;
  waiting.delete(element);
  approach.unobserve(element);
  addCells(element, row);
  updateCells(element, row);
}

function jobName(job, handlers) {
  const name = make("th", { scope: "row", class: "name" });
  const label = [make("span", { class: "label" }), make("span", { class: "id", text: job.id })];
  if (!job.platform) {
    name.append(...label);
    return name;
  }
  const arrow = make("span", { class: "arrow", "aria-hidden": "true", text: "▸" });
  const click = (event) => handlers.toggle(places.get(event.currentTarget).job);
  const button = make("button", { type: "button", class: "toggle", "data-nav": "", click });
  places.set(button, { job, handlers });
  button.append(arrow, make("span", {}, ...label));
  name.append(button);
  return name;
}

function updateRow(element, row) {
  const name = element.firstElementChild;
  setText(name.querySelector(".label"), row.shop ? row.shop.name || row.shop.id : row.job.name);
  if (row.shop) {
    const until = row.shop.complete_until;
    setText(name.querySelector(".id"), row.shop.id);
    setText(name.querySelector(".until"), until ? say("until", { at: moment(until, row.job.zone) }) : "");
  }
  element.classList.toggle("quiet", !row.job.data);
  setAttribute(name, "title", row.job.data ? null : say("noData"));
  const toggle = name.querySelector(".toggle");
  if (toggle) {
    places.get(toggle).job = row.job;
    setAttribute(toggle, "aria-expanded", row.open ? "true" : "false");
    setText(toggle.querySelector(".arrow"), row.open ? "▾" : "▸");
    setAttribute(toggle, "title", say(row.open ? "close" : "open", { name: row.job.name }));
  }
  if (waiting.has(element)) waiting.set(element, row);
  else updateCells(element, row);
  updateAction(element.lastElementChild, row);
}

function updateCells(element, row) {
  row.axis.forEach((column, place) => updateCell(element.children[place + 1], row, column, place));
}

function updateCell(td, row, column, place) {
  const known = places.get(td);
  known.job = row.job;
  known.shop = row.shop;
  if (row.shop) known.code = row.codeAt(column);
  else {
    known.cell = cellOf(row.job.cells[place]);
    known.code = known.cell ? worstOf(known.cell) : " ";
  }
  const empty = known.code === " ";
  setAttribute(td, "data-state", empty ? null : known.code);
  setAttribute(td, "data-nav", empty ? null : "");
  setText(td, empty ? "" : known.cell ? face(known.cell) : SIGNS[known.code]);
  setAttribute(td, "aria-label", empty ? null : describe(known));
  if (empty) setAttribute(td, "tabindex", null); // it is no stop any more
}

/** Say what a cell is, in one line. @param {Place} place */
export function describe(place) {
  const who = place.shop ? place.shop.name || place.shop.id : place.job.name;
  const start = `${who} ${place.column}: `;
  if (!place.cell) return start + say(`state.${NAMES[place.code]}`);
  const all = count(place.cell, CODES);
  if (all === 1) return start + say(`state.${NAMES[place.code]}`);
  return start + CODES.filter((code) => place.cell.counts[code])
    .map((code) => `${number(place.cell.counts[code])} ${say(`state.${NAMES[code]}`)}`)
    .join(say("separator"));
}

/** How many gaps that a run can close a job has in all that is shown of it. */
export function gapsOf(job, codes = REPAIRABLE) {
  return job.cells.reduce((sum, told) => sum + (told ? count(cellOf(told), codes) : 0), 0);
}

function updateAction(td, row) {
  const of = (codes) => row.shop
    ? [...row.shop.states].filter((code) => codes.includes(code)).length
    : gapsOf(row.job, codes);
  const gaps = of(REPAIRABLE);
  const wanted = of(GAPS) > 0 ? number(of(GAPS)) : "";
  if (!row.job.runnable || gaps === 0) {
    if (td.querySelector("button") || td.textContent !== wanted) td.replaceChildren(wanted);
    return;
  }
  let button = td.querySelector("button");
  if (!button) {
    const click = (event) => td.dispatchEvent(new CustomEvent("repair-row", { bubbles: true }));
    button = make("button", { type: "button", class: "repair", "data-nav": "", click });
    td.replaceChildren(button);
  }
  places.set(td, { job: row.job, shop: row.shop });
  const name = row.shop ? row.shop.name || row.shop.id : row.job.name;
  setText(button, say("repair", { n: number(gaps) }));
  setAttribute(button, "aria-label", say("repairRow", { n: number(gaps), name }));
}
