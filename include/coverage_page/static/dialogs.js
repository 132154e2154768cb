/* The details of a cell, and the plan of a repair: both in the page's one dialog. */

import * as api from "./api.js";
import { airflowPage, followOutside } from "./address.js";
import { dialog, open, wrong } from "./dialog.js";
import { make } from "./dom.js";
import { mutingOf } from "./muting.js";
import { GAPS, LANDED, NAMES, REPAIRABLE, SIGNS } from "./states.js";
import { facts } from "./tooltip.js";
import { unwaiveButton, waiveButton } from "./waiving.js";
import { number, say } from "./words.js";

// Of the command `run`; ids of Airflow's own have another part behind.
const BY_HAND = /^manual__[^_]*$/;

/**
 * Show what is known of a cell.
 * @param {import("./grid.js").Place} place
 * @param {(told: object) => void} started what to do when something was started
 */
export async function showDetails(place, started) {
  const who = place.shop ? `${place.job.name} · ${place.shop.name || place.shop.id}` : place.job.name;
  const body = make("div", { class: "units", text: say("loading") });
  open(`${who} · ${place.column}`, body);
  try {
    const told = await api.unitsOf(place.job.id, place.column, place.shop?.id);
    body.replaceChildren(...repairOf(told, place, started));
    body.append(...told.units.map((unit) => unitOf(unit, place, started)));
    body.append(mutingOf(place, told.units));
    if (told.total > told.units.length) {
      body.append(make("p", { text: say("more", { n: number(told.total - told.units.length) }) }));
    }
  } catch (error) {
    body.replaceChildren(wrong(error));
  }
}

/** A button for all gaps of a cell, when there are several. */
function repairOf(told, place, started) {
  const gaps = told.units.filter((unit) => REPAIRABLE.includes(unit.code)).length;
  if (!place.job.runnable || gaps < 2) return [];
  const wish = { jobs: [place.job.id], period: place.column, span: 3 };
  if (place.shop) wish.shop = place.shop.id;
  const text = say("repairAll", { n: number(gaps) });
  return [make("button", { type: "button", class: "primary", text, click: () => showPlan(wish, started) })];
}

function unitOf(unit, place, started) {
  const name = unit.name ? `${unit.name} (${unit.shop})` : unit.shop ?? place.job.name;
  const badge = make("span", { class: "badge", "data-state": unit.code });
  badge.textContent = `${SIGNS[unit.code]} ${say(`state.${NAMES[unit.code]}`)}`;
  const title = place.job.period === "tick" ? `${unit.key} ${name}` : name;
  const article = make("article", {}, make("h3", {}, make("span", { text: title }), badge));
  const list = make("dl");
  for (const [label, text] of facts(unit, place.job.zone)) {
    list.append(make("div", {}, make("dt", { text: label }), make("dd", { text })));
  }
  article.append(list);
  if (unit.why) article.append(make("p", { text: `${say(`about.${NAMES[unit.code]}`)} (${unit.why})` }));
  if (unit.error) {
    article.append(make("pre", { class: "error", tabindex: "0", "aria-label": say("error"), text: unit.error }));
  }
  article.append(actionsOf(unit, place, started));
  return article;
}

function actionsOf(unit, place, started) {
  const actions = make("div", { class: "actions" });
  const run = unit.run_id;
  if (run) actions.append(...(BY_HAND.test(run) ? [make("span", { text: say("byHand", { run }) })] : linksOf(place.job.id, run)));
  const landed = LANDED.includes(unit.code);
  if (place.job.runnable && (landed || REPAIRABLE.includes(unit.code))) {
    const what = [place.job.name, unit.name || unit.shop || "", unit.key].filter(Boolean).join(" ");
    const shop = unit.shop === null ? {} : { shop: unit.shop };
    const act = landed
      ? () => api.again({ job: place.job.id, key: unit.key, ...shop })
      : () => api.repair({ jobs: [place.job.id], period: unit.key, span: 3, ...shop });
    const question = say(landed ? "again.sure" : "repair.sure", { what });
    actions.append(askOnce(say(unit.attempts ? "again" : "runOnce"), question, act, started));
  }
  if (place.job.runnable && (GAPS.includes(unit.code) || unit.waiver)) {
    const wish = { job: place.job.id, key: unit.key, shop: unit.shop };
    const done = () => {
      started({ runs: [], waived: true });
      dialog.close();
    };
    actions.append((unit.waiver ? unwaiveButton : waiveButton)(wish, done, wrong));
  }
  return actions;
}

function linksOf(job, run) {
  const link = (text, ...parts) =>
    make("a", { href: airflowPage("dags", job, "runs", run, ...parts), text,
      click: followOutside, auxclick: followOutside });
  return [link(say("run")), link(say("log"), "tasks", "run")];
}

/** A button that asks once before it acts. */
function askOnce(label, question, act, started) {
  const box = make("span", { class: "ask" });
  const first = make("button", { type: "button", class: "again", text: label, click: () => ask() });
  const ask = () => {
    const yes = make("button", { type: "button", class: "primary", text: say("yes"), click: () => go(yes) });
    const no = make("button", { type: "button", text: say("no"), click: () => back() });
    box.replaceChildren(make("span", { text: question }), yes, no);
    yes.focus();
  };
  const back = () => {
    box.replaceChildren(first);
    first.focus();
  };
  const go = async (button) => {
    button.disabled = true;
    try {
      started(await act());
      dialog.close();
    } catch (error) {
      box.replaceChildren(wrong(error), first);
    }
  };
  box.append(first);
  return box;
}

/**
 * Show the plan of a repair, and start it when it is agreed to.
 * @param {object} wish which gaps
 * @param {(told: object) => void} started
 */
export async function showPlan(wish, started) {
  const body = make("div", { class: "plan", text: say("loading") });
  open(say("plan.title"), body);
  try {
    const plan = await api.plan(wish);
    body.replaceChildren(...planOf(plan), buttonsOf(plan, wish, started));
  } catch (error) {
    body.replaceChildren(wrong(error));
  }
}

function planOf(plan) {
  const found = [make("p", { text: say("plan.nothing") })];
  if (plan.units > 0) {
    const sum = { units: number(plan.units), runs: number(plan.runs) };
    found.splice(0, 1, make("p", { text: say("plan.sum", sum) }), make("p", { text: costOf(plan) }));
  }
  const list = make("ul");
  for (const job of plan.jobs) {
    const periods = job.keys.length > 3
      ? `${job.keys[0]} … ${job.keys.at(-1)} (${number(job.keys.length)})`
      : job.keys.join(say("separator"));
    list.append(itemOf(job, say("plan.job", { units: number(job.units), periods })));
  }
  for (const job of plan.held) {
    const why = say(`held.${job.why}`);
    list.append(itemOf(job, say("plan.held", { units: number(job.units), why }), "warning"));
  }
  found.push(list);
  if (plan.runs > plan.most) found.push(make("p", { text: say("plan.most", { n: plan.most }) }));
  return found;
}

function itemOf(job, text, kind = "") {
  return make("li", {}, make("strong", { text: job.name }), " ", make("span", { class: kind, text }));
}

function costOf(plan) {
  const { calls, minutes } = plan;
  if (minutes === null) return say("plan.unknown");
  const time = minutes < 1 ? say("plan.soon") : say("plan.minutes", { n: number(Math.round(minutes)) });
  return calls ? say("plan.calls", { calls: number(calls), time }) : say("plan.time", { time });
}

function buttonsOf(plan, wish, started) {
  const box = make("div", { class: "actions" });
  const cancel = make("button", { type: "button", text: say("cancel"), click: () => dialog.close() });
  if (plan.units === 0) return make("div", { class: "actions" }, cancel);
  const click = async () => {
    start.disabled = true;
    try {
      started(await api.repair(wish));
      dialog.close();
    } catch (error) {
      box.replaceChildren(wrong(error), cancel);
    }
  };
  const start = make("button", { type: "button", class: "primary start", text: say("plan.start"), click });
  box.append(start, cancel);
  queueMicrotask(() => start.focus());
  return box;
}
