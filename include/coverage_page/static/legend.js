/* The legend: sign, colour and meaning of each state. */

import { make } from "./dom.js";
import { CODES, NAMES, SIGNS } from "./states.js";
import { say } from "./words.js";

/* Landed first, then what is wrong, then what waits; a state that is added goes to the end. */
const FIRST = ["o", "e", "f", "c", "m", "l", "u", "w", "r", "p", "a", "n", "x", "d"];
const ORDER = [...FIRST.filter((one) => CODES.includes(one)), ...CODES.filter((one) => !FIRST.includes(one))];

/** Show it. @param {HTMLElement} root */
export function showLegend(root) {
  const list = make("ul", { "aria-label": say("legend") });
  for (const code of ORDER) {
    const sign = make("span", { class: "swatch", "data-state": code, "aria-hidden": "true", text: SIGNS[code] });
    const about = make("span", { class: "about", text: say(`about.${NAMES[code]}`) });
    list.append(make("li", {}, sign, make("span", { text: say(`state.${NAMES[code]}`) }), about));
  }
  root.replaceChildren(list);
}
