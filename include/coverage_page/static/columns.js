/* The heads of the matrix's columns: short, with the month where it begins. */

import { make } from "./dom.js";
import { isChinese, language } from "./words.js";

const MONTH = new Intl.DateTimeFormat(language, { month: "short", timeZone: "UTC" });

/**
 * Make the head of a column.
 * @param {string} key a period's key, which is a day or a month
 * @param {number} place its place, from 0
 * @param {object} group
 */
export function heading(key, place, group) {
  const [year, month, day] = key.split("-").map(Number);
  const date = new Date(Date.UTC(year, month - 1, day || 1));
  const before = place > 0 ? group.axis[place - 1] : "";
  const coarse = day ? key.slice(0, 7) !== before.slice(0, 7) : key.slice(0, 4) !== before.slice(0, 4);
  const above = day ? MONTH.format(date) : String(year);
  const below = day ? String(day) : isChinese ? `${month}月` : MONTH.format(date);
  const weekend = group.name === "day" && [0, 6].includes(date.getUTCDay());
  return make(
    "th",
    { scope: "col", class: weekend ? "period weekend" : "period", title: key },
    make("span", { class: "above", text: coarse ? above : "\u00a0" }),
    make("span", { class: "below", text: below }),
  );
}
