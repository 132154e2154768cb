/* The bell: how many alerts are open; and the panel that lists them, in the page's dialog. */

import { current, listen, lookAtAlerts } from "./alerts.js";
import * as api from "./api.js";
import { dialog, keepFocus, open, wrong } from "./dialog.js";
import { make, patchChildren, setAttribute, setText } from "./dom.js";
import { muteButton, mutedList } from "./muting.js";
import { moment, number, say } from "./words.js";

const SHOPS = 8; // of one alert
const MOST = 99; // that the bell can show
const PAGE = "alerts.page"; // the document that says how channels are set up
const MINUTE = 60_000; // ms

/** Make the bell. @param {HTMLElement} root */
export function makeBell(root) {
  const count = make("span", { class: "count", hidden: true });
  const icon = make("span", { class: "icon", "aria-hidden": "true" });
  const bell = make("button", { type: "button", id: "bell", "aria-haspopup": "dialog", click: showPanel }, icon, count);
  root.replaceChildren(bell);
  listen(() => update(bell, count));
}

function update(bell, count) {
  const { told, failure } = current;
  const opened = told?.alerts.length ?? 0;
  const doubts = [
    failure ? say("bell.unknown") : "",
    told && !told.watched ? say("bell.unwatched") : "",
    told?.failing.length > 0 ? say("bell.failing") : "",
  ].filter(Boolean);
  const title = [told ? say("bell.open", { n: number(opened) }) : say("alerts"), ...doubts].join(say("separator"));
  setAttribute(bell, "aria-label", title);
  setAttribute(bell, "title", title);
  setAttribute(bell, "data-how", opened > 0 ? "open" : doubts.length > 0 ? "doubt" : "calm");
  setText(count, opened > MOST ? `${MOST}+` : opened > 0 ? String(opened) : doubts.length > 0 ? "!" : "");
  setAttribute(count, "hidden", !count.textContent);
}

const parts = {
  warnings: make("div", { class: "warnings" }),
  heading: make("p", { class: "nothing" }),
  alerts: make("div", { class: "alerts" }),
  muted: make("div", { class: "muting" }),
};

function showPanel() {
  open(say("alerts"), ...Object.values(parts));
  fill();
}

listen(() => {
  if (dialog.open && parts.alerts.isConnected) fill();
});

/** Bring the panel in line with what the server told; what is being written stays. */
function fill() {
  const { told, failure } = current;
  parts.warnings.replaceChildren(...warningsOf(told, failure));
  if (!told) return;
  setText(parts.heading, headingOf(told));
  const element = (alert) => make("article", { tabindex: "-1", id: `alert-${alert.number}` });
  patchChildren(parts.alerts, told.alerts, (alert) => alert.label, element, updateAlert);
  parts.muted.replaceChildren(
    ...(told.muted.length > 0 ? [make("h3", { text: say("muted") }), mutedList(told.muted)] : []),
  );
}

function headingOf(told) {
  if (told.alerts.length > 0) return say("bell.open", { n: number(told.alerts.length) });
  if (told.watched) return say("alerts.none");
  return told.last_round ? say("alerts.noneThen") : "";
}

function warningsOf(told, failure) {
  const warning = (text) => make("p", { class: "warning", text });
  if (failure) return [warning(failure)];
  const found = told.watched ? [] : [warning(unwatched(told))];
  found.push(...told.problems.map(warning));
  if (told.channels.length === 0 && told.problems.length === 0) {
    found.push(make("p", { text: say("alerts.noChannel", { page: say(PAGE) }) }));
  }
  for (const one of told.failing) {
    const values = { channel: one.channel, since: moment(one.since, told.zone), answer: `${one.code} ${one.answer}` };
    found.push(warning(say("alerts.failing", values)), ...remedyOf(one.remedy, told.language));
  }
  return found;
}

function unwatched(told) {
  if (!told.last_round) return say("alerts.never");
  const minutes = Math.floor((new Date(told.made_at) - new Date(told.last_round)) / MINUTE);
  const [unit, n] = minutes < 120 ? ["minutes", minutes]
    : minutes < 2880 ? ["hours", Math.floor(minutes / 60)]
      : ["days", Math.floor(minutes / 1440)];
  return say("alerts.unwatched", { span: say(`alerts.${unit}`, { n: number(n) }) });
}

function updateAlert(element, alert) {
  const told = JSON.stringify([alert, current.told.language]);
  if (element.dataset.told === told || element.querySelector("input")) return;
  element.dataset.told = told;
  const focused = element.contains(document.activeElement);
  const badge = make("span", { class: "badge", "data-kind": alert.kind, text: say(`kind.${alert.kind}`) });
  const title = make("span", { text: [alert.label, alert.name, alert.period].filter(Boolean).join(" ") });
  const words = make("div", { lang: current.told.language }, ...reasonsOf(alert), ...remedyOf(alert.remedy));
  element.replaceChildren(make("h3", {}, title, badge), ...saidOf(alert), words, factsOf(alert), actionsOf(alert));
  if (focused) element.focus();
}

/** What is wrong in a sentence of ours, where the alert has none of its own. */
function saidOf(alert) {
  const { facts, zone } = alert;
  const at = (text) => moment(text, zone);
  const texts = [];
  if (alert.kind === "late") {
    if (facts.started === "no") texts.push(say("alert.notRun", { fire: at(facts.fire) }));
    const n = number(alert.units.length);
    texts.push(say("alert.due", { due: at(alert.due), n, all: facts.expected ?? n }));
  } else if (!alert.what && facts.jobs) {
    texts.push(say("alert.spread", { jobs: facts.jobs, first: facts.first_period ?? "?" }));
  }
  if (facts.ends) texts.push(say("alert.ends", { at: at(facts.ends) }));
  return texts.map((text) => make("p", { text }));
}

function reasonsOf(alert) {
  const found = alert.what ? [make("p", { text: alert.what })] : [];
  if (alert.units.length === 0) return found;
  const items = alert.units.slice(0, SHOPS).map(({ shop, name, reason, remedy }) => {
    const who = shop ? `${name} (${shop})` : "";
    return make("li", { text: [who, reason, remedy].filter(Boolean).join(" — ") });
  });
  const rest = alert.units.length - SHOPS;
  if (rest > 0) items.push(make("li", { text: say("more", { n: number(rest) }) }));
  return [...found, make("ul", {}, ...items)];
}

function remedyOf(remedy) {
  return remedy ? [make("p", { text: say("alert.remedy", { remedy }) })] : [];
}

function factsOf(alert) {
  const at = (text) => moment(text, alert.zone);
  const { acknowledged } = alert;
  const rows = [
    ["alert.since", at(alert.since)],
    ["alert.told", toldOf(alert)],
    ["alert.acked", acknowledged ? `${acknowledged.by} ${at(acknowledged.at)}` : ""],
    ["alert.gone", at(alert.gone)],
  ];
  const shown = rows.filter(([, text]) => text);
  return make("dl", {}, ...shown.map(([name, text]) =>
    make("div", {}, make("dt", { text: say(name) }), make("dd", { text })),
  ));
}

/** Who was told, and when: of each channel the opening, and the last time it was said again. */
function toldOf(alert) {
  const channels = new Map();
  for (const { channel, what, at } of alert.told) {
    const when = at ? moment(at, alert.zone) : say("told.waiting");
    const text = what === "opening" ? when : say(`told.${what}`, { at: when });
    channels.set(channel, { ...channels.get(channel), [what]: text });
  }
  const texts = [...channels].map(([name, said]) => [name, Object.values(said).join(say("separator"))].join(" "));
  return texts.join("; ") || say("told.nobody");
}

function actionsOf(alert) {
  const actions = make("div", { class: "actions" });
  if (alert.may && !alert.acknowledged) {
    const click = async () => {
      const article = actions.closest("article");
      ack.disabled = true;
      try {
        await api.acknowledge({ number: alert.number });
        await lookAtAlerts();
        keepFocus(article);
      } catch (error) {
        actions.append(wrong(error));
      }
    };
    const ack = make("button", { type: "button", class: "ack", text: say("ack"), title: say("ack.about"), click });
    actions.append(ack);
  }
  if (alert.mutable) actions.append(muteButton(choicesOf(alert)));
  return actions;
}

/** What can be muted of an alert: the one shop, or any of them, or the whole job. */
function choicesOf(alert) {
  const job = alert.subject;
  const whole = { job, shop: null, label: say("mute.job", { name: alert.name }) };
  const shops = alert.units.filter((unit) => unit.shop);
  const each = shops.map(({ shop, name }) => ({ job, shop, label: name || shop }));
  return [...each, whole];
}
