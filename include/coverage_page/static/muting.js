/* Muting: nothing is said of a job, or of one shop of it, until a day; and taking that back. */

import { current, listen, lookAtAlerts } from "./alerts.js";
import * as api from "./api.js";
import { keepFocus, wrong } from "./dialog.js";
import { make } from "./dom.js";
import { number, say } from "./words.js";

const LONGEST = 200; // characters of a reason

/** @typedef {{job: string, shop: ?string, label: string}} Choice what may be muted */

/**
 * A button that asks what is to be muted, why and until when. No form: where the page is a frame of
 * Airflow's, a browser sends none.
 * @param {Choice[]} choices the first is what is meant unless another is chosen
 */
export function muteButton(choices) {
  const box = make("div", { class: "ask" });
  const first = make("button", { type: "button", class: "mute", text: say("mute"), click: () => ask() });
  const back = () => {
    box.replaceChildren(first);
    first.focus();
  };
  const ask = () => {
    const fields = fieldsOf(choices);
    const yes = make("button", { type: "button", class: "primary", text: say("mute.yes"), click: () => go(fields, yes) });
    const no = make("button", { type: "button", text: say("no"), click: back });
    for (const field of [fields.reason, fields.until]) {
      field.addEventListener("keydown", (event) => {
        if (event.key === "Enter") go(fields, yes);
      });
    }
    box.replaceChildren(...labelled(fields), yes, no);
    fields.reason.focus();
  };
  const go = async (fields, button) => {
    const { what, reason, until } = fields;
    reason.value = reason.value.trim();
    if (button.disabled || ![reason, until].every((field) => field.reportValidity())) return;
    const article = box.closest("article");
    button.disabled = true;
    const { job, shop } = choices[what.selectedIndex];
    try {
      await api.mute({ job, shop, until: until.value, reason: reason.value });
      box.replaceChildren(first);
      await lookAtAlerts();
      keepFocus(article);
    } catch (error) {
      box.replaceChildren(wrong(error), first);
    }
  };
  box.append(first);
  return box;
}

function fieldsOf(choices) {
  const { today, latest } = current.told;
  const what = make("select", {}, ...choices.map((one) => make("option", { text: one.label })));
  const reason = make("input", { type: "text", required: true, maxlength: LONGEST, size: 32 });
  const until = make("input", { type: "date", required: true, min: today, max: latest });
  return { what, reason, until };
}

function labelled(fields) {
  return Object.entries(fields).map(([name, field]) =>
    make("label", {}, make("span", { text: say(`mute.${name}`) }), field),
  );
}

/** The list of what is muted, each with a button that ends it. @param {object[]} found */
export function mutedList(found) {
  return make("ul", { class: "muted" }, ...found.map(itemOf));
}

function itemOf(muted) {
  const by = muted.in_file ? say("muted.file") : muted.by;
  const left = muted.days_left > 1 ? say("muted.left", { n: number(muted.days_left) }) : say("muted.last");
  const item = make("li", {},
    make("strong", { text: nameOf(muted) }),
    " ",
    say("muted.until", { day: muted.until, left }),
    make("div", { text: by ? `${muted.reason} (${by})` : muted.reason }),
  );
  if (muted.alerts.length > 0) {
    item.append(make("div", { class: "id", text: say("muted.wrong", { labels: muted.alerts.join(" ") }) }));
  }
  if (muted.may && !muted.in_file) item.append(unmuteButton(muted, item));
  return item;
}

function unmuteButton(muted, item) {
  const click = async () => {
    button.disabled = true;
    try {
      await api.unmute({ job: muted.job, shop: muted.shop });
      await lookAtAlerts();
      keepFocus();
    } catch (error) {
      item.append(wrong(error));
    }
  };
  const button = make("button", { type: "button", class: "unmute", text: say("unmute"), click });
  return button;
}

function nameOf(muted) {
  const shop = muted.shop ? `${muted.shop_name || muted.shop} (${muted.shop})` : "";
  return [muted.name || muted.job, shop].filter(Boolean).join(" · ");
}

/**
 * What is muted of a job, and a button that mutes: a part of the details of a cell.
 * @param {import("./grid.js").Place} place
 * @param {{shop: ?string, name: string}[]} units of the cell
 */
export function mutingOf(place, units) {
  const box = make("div", { class: "muting" });
  shown = () => fillMuting(box, place, units);
  shown();
  return box;
}

let shown = null; // brings the one that is shown in line with what the server told
listen(() => shown?.());

function fillMuting(box, place, units) {
  if (!current.told || box.querySelector("input")) return; // what is being written stays
  const { job } = place;
  const found = current.told.muted.filter(
    (one) => one.job === job.id && (!place.shop || !one.shop || one.shop === place.shop.id),
  );
  const shops = place.shop ? [place.shop] : shopsOf(units);
  const whole = { job: job.id, shop: null, label: say("mute.job", { name: job.name }) };
  const each = shops.map(({ id, name }) => ({ job: job.id, shop: id, label: name || id }));
  const choices = place.shop ? [...each, whole] : [whole, ...each];
  box.replaceChildren(
    ...(found.length > 0 ? [make("h3", { text: say("muted") }), mutedList(found)] : []),
    ...(job.runnable ? [muteButton(choices)] : []),
  );
}

function shopsOf(units) {
  const found = new Map();
  for (const { shop, name } of units) if (shop) found.set(shop, { id: shop, name });
  return [...found.values()];
}
