/* What a cell says when it is pointed at or focused. */

import { unitsOf } from "./api.js";
import { make } from "./dom.js";
import { describe, places } from "./grid.js";
import { LANDED, CODES, NAMES, count } from "./states.js";
import { moment, number, say } from "./words.js";

const PATIENCE = 250; // ms before the server is asked: one who only passes by asks nothing
const MOST_ERROR = 300;
const MOST_UNITS = 6;
const known = new Map();
let current = null;
let timer = 0;

/** Forget what was asked: something may have changed. */
export function forget() {
  known.clear();
}

/** Listen to the cells below an element. @param {HTMLElement} root @param {HTMLElement} tip */
export function listenToCells(root, tip) {
  const enter = (event) => {
    const cell = event.target.closest?.("td[data-state]");
    if (cell && cell !== current) show(cell, tip);
    else if (!cell) hide(tip);
  };
  root.addEventListener("mouseover", enter);
  root.addEventListener("focusin", enter);
  root.addEventListener("mouseleave", () => hide(tip));
  root.addEventListener("focusout", () => hide(tip));
  const follow = () => current && position(current, tip);
  addEventListener("scroll", follow, { capture: true, passive: true });
  addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide(tip);
  });
}

/** Put the tip away. */
export function hide(tip) {
  clearTimeout(timer);
  current?.removeAttribute("aria-describedby");
  current = null;
  tip.hidden = true;
}

function show(cell, tip) {
  hide(tip);
  current = cell;
  const place = places.get(cell);
  fill(tip, place, known.get(keyOf(place)));
  tip.hidden = false;
  cell.setAttribute("aria-describedby", tip.id);
  position(cell, tip);
  timer = setTimeout(() => ask(cell, tip, place), PATIENCE);
}

async function ask(cell, tip, place) {
  const key = keyOf(place);
  try {
    if (!known.has(key)) known.set(key, await unitsOf(place.job.id, place.column, place.shop?.id));
  } catch {
    return; // what is known already is shown
  }
  if (current !== cell) return;
  fill(tip, place, known.get(key));
  position(cell, tip);
}

function keyOf(place) {
  return [place.job.id, place.column, place.shop?.id ?? ""].join(" ");
}

function fill(tip, place, told) {
  tip.replaceChildren(make("strong", { text: describe(place) }));
  if (place.cell) {
    const all = count(place.cell, CODES) - count(place.cell, ["d", "x"]);
    if (all > 1) line(tip, say("units.landed", { n: number(count(place.cell, LANDED)), all: number(all) }));
    if (place.cell.rows !== null) line(tip, `${say("rows")}: ${number(place.cell.rows)}`);
  }
  if (!told) return;
  if (told.total > 1) {
    for (const one of told.units.slice(0, MOST_UNITS)) lineOfOne(tip, one);
    if (told.total > MOST_UNITS) line(tip, `+ ${number(told.total - MOST_UNITS)}`);
    return;
  }
  const unit = told.units[0];
  if (!unit) return;
  for (const [label, text] of facts(unit, place.job.zone)) line(tip, `${label}: ${text}`);
  if (unit.error) line(tip, `${say("error")}: ${unit.error.slice(-MOST_ERROR)}`, "error");
}

/** Say how one of several units is, the worst of which come first. */
function lineOfOne(tip, unit) {
  const who = [unit.name || unit.shop, unit.key].filter(Boolean).join(" ");
  const rows = unit.rows === null ? "" : ` (${number(unit.rows)})`;
  line(tip, `${who}: ${say(`state.${NAMES[unit.code]}`)}${rows}`);
  if (unit.notice) line(tip, unit.notice);
  if (unit.error) line(tip, unit.error.slice(-MOST_ERROR), "error");
}

/** Give what is known of a unit, as label and text. */
export function facts(unit, zone) {
  const found = [
    ["rows", unit.rows === null ? "" : number(unit.rows)],
    ["attempts", unit.attempts ? number(unit.attempts) : ""],
    ["notice", unit.notice ?? ""],
    ["restated", unit.restated ? `${unit.restated.drift} (${moment(unit.restated.at, zone)})` : ""],
    ["exit", unit.exit_code ? String(unit.exit_code) : ""],
    ["due", moment(unit.due_at, zone)],
    ["waived", unit.waiver ? `${unit.waiver.reason} (${unit.waiver.by}, ${moment(unit.waiver.at, zone)})` : ""],
    ["started", moment(unit.started_at, zone)],
    ["finished", moment(unit.finished_at, zone)],
    ["stuck", unit.stuck ?? ""],
    ["heartbeat", unit.finished_at ? "" : moment(unit.heartbeat_at, zone)],
  ];
  return found.filter(([, text]) => text).map(([label, text]) => [say(label), text]);
}

function line(tip, text, kind = "") {
  tip.append(make("div", { class: kind, text }));
}

function position(cell, tip) {
  const box = cell.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = tip;
  const left = Math.max(4, Math.min(box.left + box.width / 2 - width / 2, innerWidth - width - 4));
  const below = box.bottom + 6;
  const top = below + height < innerHeight ? below : Math.max(4, box.top - height - 6);
  tip.style.left = `${left}px`;
  tip.style.top = `${top}px`;
}
