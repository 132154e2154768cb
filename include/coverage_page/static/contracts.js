/* The contracts, on top: of each whether its last period is complete, in words, and a row of the
   periods before it. */

import { headRows } from "./columns.js";
import { make, patchChildren, setAttribute, setText } from "./dom.js";
import { keepOneStop } from "./keyboard.js";
import { hour, number, say } from "./words.js";

const JOBS = 3; // that a sentence names
const SIGNS = { unchecked: "✓?", waiting: "…", late: "!", unknown: "?" };

/** @typedef {{contract: object, key: string, cell: object}} Place */
/** What each cell and each sentence stands for. @type {WeakMap<Element, Place>} */
export const periods = new WeakMap();

/**
 * Show them.
 * @param {HTMLElement} root
 * @param {object[]} groups what the server tells
 * @param {(id: string) => ?object} jobOf finds a job
 */
export function showContracts(root, groups, jobOf) {
  setAttribute(root, "hidden", groups.every((group) => group.axis.length === 0));
  if (!root.firstElementChild) {
    root.append(make("h2", { id: "contracts-title", text: say("contracts") }), make("ul"), make("div"));
  }
  const [, list, tables] = root.children;
  patchChildren(list, groups.flatMap(lastOf), (last) => last.contract.id, makeSentence, (element, last) => {
    const button = element.firstElementChild;
    periods.set(button, last);
    setAttribute(button, "data-how", last.cell.how);
    setText(button, `${last.contract.name} ${last.key}: ${sentence(last, jobOf)}`);
  });
  const shown = groups.filter((group) => group.axis.length > 0);
  patchChildren(tables, shown, (group) => group.name, makeTable, (element, group) => updateTable(element, group, jobOf));
  for (const scroll of tables.querySelectorAll(".scroll:not([data-seen])")) {
    scroll.scrollLeft = scroll.scrollWidth; // the latest; where people scroll to afterwards stays
    scroll.dataset.seen = "";
  }
}

/** Give the last period of each contract of which anything is expected. */
function lastOf(group) {
  return group.contracts.flatMap((contract) => {
    const place = contract.cells.findLastIndex((cell) => cell !== null);
    return place < 0 ? [] : [{ contract, key: group.axis[place], cell: contract.cells[place] }];
  });
}

function makeSentence() {
  return make("li", {}, make("button", { type: "button", class: "stands", "aria-haspopup": "dialog" }));
}

/** Say how a period is. @param {Place} place @param {(id: string) => ?object} jobOf */
export function sentence({ contract, cell }, jobOf) {
  const { zone } = contract;
  const due = cell.deadline ? hour(cell.deadline, zone) : "?";
  if (cell.how === "complete") {
    const after = cell.deadline && new Date(cell.complete_at) > new Date(cell.deadline);
    const at = hour(cell.complete_at, zone, cell.deadline);
    return say(after ? "contract.after" : "contract.complete", { at, due });
  }
  const counted = Object.entries(cell.missing);
  const n = counted.reduce((sum, [, missing]) => sum + missing, 0);
  const jobs = counted.slice(0, JOBS).map(([id, missing]) => `${jobOf(id)?.name ?? id} ${number(missing)}`);
  if (counted.length > JOBS) jobs.push(say("more", { n: number(counted.length - JOBS) }));
  return say(`contract.${cell.how}`, { n: number(n), jobs: jobs.join(say("separator")), due });
}

function makeTable(group) {
  const table = make("table", { role: "grid", "aria-label": `${say("contracts")} ${say(`group.${group.name.split("-")[0]}`)}` });
  table.append(make("thead"), make("tbody"));
  return make("div", { class: "scroll" }, table);
}

function updateTable(scroll, group, jobOf) {
  const [head, body] = scroll.querySelectorAll("thead, tbody");
  const axis = group.axis.join();
  if (head.dataset.axis !== axis) {
    head.dataset.axis = axis;
    head.replaceChildren(...headRows(group, say("contract")));
    body.replaceChildren();
  }
  const create = (contract) => {
    const label = [make("span", { class: "label" }), make("span", { class: "id", text: contract.id })];
    const cells = group.axis.map(() => make("td", { role: "gridcell", class: "stand" }));
    return make("tr", {}, make("th", { scope: "row", class: "name" }, ...label), ...cells);
  };
  patchChildren(body, group.contracts, (contract) => contract.id, create, (row, contract) => {
    setText(row.querySelector(".label"), contract.name);
    group.axis.forEach((key, place) => {
      updateCell(row.children[place + 1], { contract, key, cell: contract.cells[place] }, jobOf);
    });
  });
  keepOneStop(scroll.firstElementChild);
}

function updateCell(td, place, jobOf) {
  const { contract, key, cell } = place;
  periods.set(td, place);
  setAttribute(td, "data-how", cell?.how);
  setAttribute(td, "data-nav", cell ? "" : null);
  if (!cell) setAttribute(td, "tabindex", null);
  setText(td, cell ? face(cell, contract.zone) : "");
  const label = cell && `${contract.name} ${key}: ${sentence(place, jobOf)}`;
  setAttribute(td, "aria-label", label);
  setAttribute(td, "title", label);
}

/** Give what a cell shows: the hour, or the day where it is another one; or how much is missing. */
function face(cell, zone) {
  if (cell.how === "complete") return hour(cell.complete_at, zone, cell.deadline).split(" ")[0];
  const n = Object.values(cell.missing).reduce((sum, missing) => sum + missing, 0);
  return ["late", "waiting"].includes(cell.how) ? `${SIGNS[cell.how]}${number(n)}` : SIGNS[cell.how];
}
