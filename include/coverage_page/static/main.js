/* Coverage: asks the server, shows what it tells, and asks again. */

import * as api from "./api.js";
import { readView, writeView } from "./address.js";
import { lookAtAlerts } from "./alerts.js";
import { makeBell } from "./bell.js";
import { showContract } from "./contract.js";
import { periods, showContracts } from "./contracts.js";
import { showDetails, showPlan } from "./dialogs.js";
import { make, patchChildren, setText } from "./dom.js";
import { filtered, makeFilters, markState, offerPlatforms } from "./filters.js";
import { fill, gapsOf, places, showGrid } from "./grid.js";
import { listenToKeys, stopAt } from "./keyboard.js";
import { showLegend } from "./legend.js";
import { forget, hide, listenToCells } from "./tooltip.js";
import { showTotals } from "./totals.js";
import { language, moment, number, say } from "./words.js";

const CALM = 20_000; // ms between two looks
const BUSY = 3_000; // the same, while something runs or was just started
const WATCHED = 120_000; // ms for which it counts as just started
const SHOWN = 5; // problems of the registry

const [groups, contracts, tip, notice] = ["groups", "contracts", "tip", "notice"].map((id) => document.getElementById(id));
const view = readView();
const opened = new Map();
let data = null;
let timer = 0;
let busyUntil = 0;
let looking = null;

/** Show what is known. */
function show() {
  if (!data) return;
  const seen = filtered(data.groups, view);
  showTotals(document.getElementById("totals"), data.totals);
  showGrid(groups, seen, opened, { toggle });
  markState(groups, view);
  showNothing(seen);
  showPageAction(seen);
  document.documentElement.dataset.ready = "yes";
}

function showNothing(seen) {
  const none = seen.every((group) => group.jobs.length === 0);
  let told = document.getElementById("none");
  if (none && !told) groups.append((told = make("p", { id: "none", "data-key": "none" })));
  if (told && none) setText(told, say("none"));
  else told?.remove();
}

function showPageAction(seen) {
  const root = document.getElementById("page-actions");
  const jobs = seen.flatMap((group) => group.jobs).filter((job) => job.runnable && job.data);
  const gaps = jobs.reduce((sum, job) => sum + gapsOf(job), 0);
  const items = gaps > 0 ? [{ gaps, jobs: jobs.map((job) => job.id) }] : [];
  const create = () => make("button", { type: "button", id: "repair-all", class: "primary" });
  patchChildren(root, items, () => "all", create, (button, item) => {
    setText(button, say("repairAll", { n: number(item.gaps) }));
    button.onclick = () => showPlan({ jobs: item.jobs, span: Number(view.span) }, started);
  });
}

/** Ask the server, and show what it tells. */
async function look() {
  clearTimeout(timer);
  const alerts = lookAtAlerts();
  const complete = api.allContracts().catch((error) => ({ failure: error.message }));
  try {
    const told = await api.allJobs(view.span);
    const shops = await Promise.all([...view.open].map((job) => shopsOf(job, told)));
    data = told;
    opened.clear();
    for (const [job, found] of shops.filter(Boolean)) opened.set(job, found);
    forget();
    setProblem([problems(told), showComplete(await complete)].filter(Boolean).join("\n"));
    offerPlatforms(data.groups, view, told.problems.length === 0);
    show();
  } catch (error) {
    setProblem(error.message);
  }
  await alerts;
  plan();
}

/** Show the contracts; give what is wrong with them. */
function showComplete({ groups, problems, failure }) {
  if (failure) return failure;
  showContracts(contracts, groups, jobOf);
  return problems.length > 0 ? [say("contract.problems"), ...problems].join("\n") : "";
}

async function shopsOf(job, told) {
  const there = told.groups.some((group) => group.jobs.some((one) => one.id === job && one.platform));
  return there ? [job, await api.shopsOf(job, view.span)] : null;
}

/** Look now; one that is under way already is waited for, and then looks again. */
function lookSoon() {
  looking = (looking ?? Promise.resolve()).then(look);
  return looking;
}

function plan() {
  clearTimeout(timer);
  const running = data?.groups.some((group) =>
    group.jobs.some((job) => job.cells.some((told) => told?.[0].r)),
  );
  const wait = running || Date.now() < busyUntil ? BUSY : CALM;
  timer = setTimeout(() => (document.hidden ? plan() : lookSoon()), wait);
}

function problems(told) {
  const all = told.problems;
  if (all.length === 0) return "";
  const head = all.length === 1 ? say("problem") : say("problems", { n: number(all.length) });
  const rest = all.length > SHOWN ? [say("more", { n: number(all.length - SHOWN) })] : [];
  return [head, ...all.slice(0, SHOWN), ...rest].join("\n");
}

let said = "";
function setProblem(text) {
  setText(notice, [said, text].filter(Boolean).join("\n"));
  notice.classList.toggle("warning", Boolean(text));
}

/** Say what was started, and look closely for a while. */
function started(told) {
  const made = told.runs.filter((run) => run.new).length;
  const found = told.runs.length - made;
  said = [
    (made > 0 || told.runs.length === 0) && !told.waived ? say("done.started", { n: made }) : "",
    found > 0 ? say("done.found", { n: found }) : "",
    ...(told.refused ?? []).map(refusal),
    told.left ? say("done.left", { n: told.left }) : "",
  ].filter(Boolean).join(" · ");
  busyUntil = Date.now() + WATCHED;
  lookSoon();
}

function refusal({ job, why }) {
  const known = say(`held.${why}`);
  return say("done.refused", { job, why: known === `held.${why}` ? why : known });
}

async function toggle(job) {
  if (view.open.has(job.id)) {
    view.open.delete(job.id);
    opened.delete(job.id);
  } else view.open.add(job.id);
  writeView(view);
  if (view.open.has(job.id)) {
    try {
      opened.set(job.id, await api.shopsOf(job.id, view.span));
    } catch (error) {
      setProblem(error.message);
    }
  }
  show();
}

function jobOf(id) {
  return data.groups.flatMap((group) => group.jobs).find((job) => job.id === id);
}

/** Show the period that a sentence or a cell of a contract stands for. */
function activatePeriod(element) {
  const period = periods.get(element);
  if (!period?.cell) return;
  if (element.matches("td")) stopAt(element);
  element.focus();
  showContract(period, jobOf, (place) => showDetails(place, started));
}

function activate(cell) {
  const place = places.get(cell);
  if (!cell.hasAttribute("data-state") || !place) return;
  hide(tip);
  stopAt(cell);
  cell.focus(); // where the keyboard goes on when the dialog is closed
  showDetails(place, started);
}

function begin() {
  document.documentElement.lang = language;
  document.title = say("title");
  setText(document.getElementById("title"), say("title"));
  makeFilters(document.getElementById("filters"), view, (name) => {
    writeView(view);
    if (name === "span") lookSoon();
    else show();
  });
  makeBell(document.getElementById("bell-place"));
  showLegend(document.getElementById("legend"));
  listenToKeys(groups, activate, fill);
  listenToCells(groups, tip);
  groups.addEventListener("click", (event) => {
    const cell = event.target.closest("td[data-state]");
    if (cell) activate(cell);
  });
  listenToKeys(contracts, activatePeriod, () => {});
  contracts.addEventListener("click", (event) => activatePeriod(event.target.closest("td, .stands")));
  groups.addEventListener("repair-row", (event) => {
    const { job, shop } = places.get(event.target);
    const wish = { jobs: [job.id], span: Number(view.span) };
    showPlan(shop ? { ...wish, shop: shop.id } : wish, started);
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) lookSoon();
  });
  lookSoon();
}

begin();
