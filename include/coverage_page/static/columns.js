/* The heads of the matrix's columns: months with their days, or years with their months. */

import { make } from "./dom.js";
import { isChinese, language } from "./words.js";

const MONTH = new Intl.DateTimeFormat(language, { month: "short", timeZone: "UTC" });

/**
 * Make the two rows of a table's head.
 * @param {object} group
 * @param {string} first what stands above the names
 * @param {string} [last] what stands above the last column, which is no period
 */
export function headRows(group, first, last) {
  const named = (name, text) => make("th", { class: name, scope: "col", rowspan: 2, text });
  const above = [named("name", first), ...spans(group.axis).map(spanning)];
  if (last) above.push(named("act", last));
  return [make("tr", {}, ...above), make("tr", {}, ...group.axis.map((key) => heading(key, group)))];
}

/** Give what the keys of an axis are part of, months of days and years of months, with how many are. */
function spans(axis) {
  const found = new Map();
  for (const key of axis) {
    const whole = key.slice(0, key.length > 7 ? 7 : 4);
    found.set(whole, (found.get(whole) ?? 0) + 1);
  }
  return [...found];
}

/** Make the head of many columns, whose text stays in sight while the table is scrolled. */
function spanning([key, count]) {
  const [year, month] = key.split("-").map(Number);
  const text = month ? monthNamed(year, month) : String(year);
  return make("th", { scope: "colgroup", colspan: count, class: "span", title: key }, make("span", { text }));
}

function heading(key, group) {
  const [year, month, day] = key.split("-").map(Number);
  const weekday = new Date(Date.UTC(year, month - 1, day || 1)).getUTCDay();
  const weekend = group.name === "day" && [0, 6].includes(weekday);
  const text = day ? String(day) : monthNamed(year, month);
  return make("th", { scope: "col", class: weekend ? "period weekend" : "period", title: key, text });
}

function monthNamed(year, month) {
  return isChinese ? `${month}月` : MONTH.format(new Date(Date.UTC(year, month - 1)));
}
