/* A period of a contract in the page's dialog: since when it is complete, or what is missing, why,
   and the way to the cell where that is repaired. */

import * as api from "./api.js";
import { keepFocus, open, wrong } from "./dialog.js";
import { make } from "./dom.js";
import { NAMES, LANDED, SIGNS } from "./states.js";
import { moment, number, say } from "./words.js";

const SHOPS = 12; // of one job
const CODES = Object.fromEntries(Object.entries(NAMES).map(([code, name]) => [name, code]));

/**
 * Show it.
 * @param {import("./contracts.js").Place} place
 * @param {(id: string) => ?object} jobOf finds a job
 * @param {(place: object) => void} show shows the details of a cell of the matrix
 */
export async function showContract(place, jobOf, show) {
  const body = make("div", { class: "units", text: say("loading") });
  open(`${place.contract.name} · ${place.key}`, body);
  try {
    const told = await api.contractOf(place.contract.id, place.key);
    body.replaceChildren(factsOf(told, place.contract.zone), ...notesOf(told), ...missingOf(told, jobOf, show));
  } catch (error) {
    body.replaceChildren(wrong(error));
  }
}

function factsOf(told, zone) {
  const { missing, units } = told;
  const rows = [
    ["contract.due", moment(told.deadline, zone)],
    [told.revision > 1 ? "contract.revised" : "contract.since", told.complete ? moment(told.complete_at, zone) : ""],
    ["contract.revision", told.revision ? number(told.revision) : ""],
    ["rows", told.complete && told.row_count !== null ? number(told.row_count) : ""],
    ["contract.waived", units.waived ? number(units.waived) : ""],
    ["gaps", missing.length ? say("contract.open", { n: number(missing.length), all: number(units.needed) }) : ""],
  ];
  const shown = rows.filter(([, text]) => text);
  return make("dl", {}, ...shown.map(([name, text]) =>
    make("div", {}, make("dt", { text: say(name) }), make("dd", { text })),
  ));
}

function notesOf(told) {
  const found = [];
  if (!told.kept && !told.complete) found.push(say("contract.kept"));
  else if (!told.complete && told.revision) found.push(say("contract.gone"));
  if (told.kept && !told.complete && told.units.needed === 0) found.push(say("contract.nothing"));
  const texts = found.map((text) => make("p", { text }));
  return [...texts, ...told.unknown.map((text) => make("p", { class: "warning", text }))];
}

function missingOf(told, jobOf, show) {
  const jobs = new Map();
  for (const one of told.missing) jobs.set(one.job, [...(jobs.get(one.job) ?? []), one]);
  return [...jobs].map(([id, missing]) => {
    const job = jobOf(id);
    const items = missing.slice(0, SHOPS).map((one) => itemOf(one, job, told.period, show));
    const rest = missing.length - SHOPS;
    if (rest > 0) items.push(make("li", { text: say("more", { n: number(rest) }) }));
    const title = make("h3", { text: `${job?.name ?? id} (${number(missing.length)})` });
    return make("article", {}, title, make("ul", { class: "missing" }, ...items));
  });
}

function itemOf(one, job, period, show) {
  const code = CODES[one.state];
  const isDoubt = LANDED.includes(code);
  const name = one.shop_name ? `${one.shop_name} (${one.shop})` : "";
  const who = [name, one.period === period ? "" : one.period].filter(Boolean).join(" ");
  const state = isDoubt ? say("contract.doubt") : say(`state.${one.state}`);
  const badge = make("span", { class: "badge", "data-state": isDoubt ? "c" : code });
  badge.textContent = isDoubt ? state : `${SIGNS[code]} ${state}`;
  const way = job && one.state !== "not_due" ? toCell(one, job, show) : null;
  const item = make("li", {}, make("div", { class: "actions" }, make("span", { text: who }), badge, way));
  if (one.due_at && !isDoubt) item.append(make("div", { class: "about", text: `${say("due")} ${moment(one.due_at, job?.zone)}` }));
  if (one.error) item.append(make("pre", { class: "error", tabindex: "0", "aria-label": say("error"), text: one.error }));
  const first = `contract.first.${one.exit_code}`;
  if (say(first) !== first) item.append(make("div", { text: say(first) }));
  return item;
}

/** A button that leads to the cell of the matrix where it is repaired, pulled again or waived. */
function toCell(one, job, show) {
  const shop = job.platform ? { id: one.shop, name: one.shop_name } : null;
  const place = { job, column: one.period, shop, cell: null, code: CODES[one.state] };
  const click = () => {
    show(place);
    keepFocus();
  };
  return make("button", { type: "button", class: "to-cell", text: say("contract.cell"), click });
}
