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
  const above = day ? MONTH.format(date) : String(year);
  const below = day ? String(day) : isChinese ? `${month}月` : MONTH.format(date);
  const weekend = group.name === "day" && [0, 6].includes(date.getUTCDay());
  return make(
    "th",
    { scope: "col", class: weekend ? "period weekend" : "period", title: key },
    make("span", { class: "above", text: isLabelled(place, group) ? above : "\u00a0" }),
    make("span", { class: "below", text: below }),
  );
}

/** Whether a column begins a month, or where columns are months, a year. */
function begins(place, axis) {
  const length = axis[place].length > 7 ? 7 : 4;
  return place === 0 || axis[place].slice(0, length) !== axis[place - 1].slice(0, length);
}

/**
 * Whether the head says the month: where it begins, and each Monday, so that it stays in sight
 * while the table is scrolled; but not so near to the next one that the two would touch.
 */
function isLabelled(place, group) {
  const { axis } = group;
  const near = (first, last) =>
    Array.from({ length: last - first + 1 }, (_, step) => place + first + step)
      .some((other) => other in axis && begins(other, axis));
  if (begins(place, axis)) return place > 0 || axis.length === 1 || !near(1, 2);
  const isMonday = new Date(`${axis[place]}T00:00:00Z`).getUTCDay() === 1;
  return group.name === "day" && isMonday && !near(-2, 2);
}
