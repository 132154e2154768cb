/* The states of a unit: the letters the server tells them by, and the signs people see. */

/** @typedef {{counts: Object<string, number>, rows: (number|null)}} Cell */

/** The worst first: a cell of several units shows the first that one of them is in. */
export const CODES = ["f", "c", "m", "l", "u", "w", "r", "p", "a", "n", "o", "e", "x", "d"];
export const NAMES = {
  f: "failed", m: "missed", l: "lost", w: "under_way", r: "running", p: "pending",
  n: "not_due", o: "ok", e: "empty", d: "disabled",
  c: "miscounted", u: "unrepairable", a: "provisional", x: "waived",
};
export const SIGNS = {
  f: "✕", m: "!", l: "?", w: "↻", r: "▸", p: "…", n: "·", o: "✓", e: "○", d: "–",
  c: "≠", u: "⊘", a: "◔", x: "≈",
};
export const GAPS = ["f", "c", "m", "l", "u"];
export const REPAIRABLE = ["f", "c", "m", "l"]; // gaps that a run can close
export const GAP_STATES = "gaps"; // any of them, in the filter
export const LANDED = ["o", "e"];
export const WAITING = ["w", "r", "p", "a", "n"];

/** Make a cell of what the server tells: counts by letter, and rows. */
export function cellOf(told) {
  return told === null ? null : { counts: told[0], rows: told[1] };
}

/** Give the letter of the state that matters most. */
export function worstOf(cell) {
  return CODES.find((code) => cell.counts[code]) ?? "n";
}

/** Count the units of a cell that are in one of some states. */
export function count(cell, codes) {
  return codes.reduce((sum, code) => sum + (cell.counts[code] ?? 0), 0);
}

/** Give what a cell shows: its sign, and how many gaps it has when it has several units. */
export function face(cell) {
  const code = worstOf(cell);
  const gaps = count(cell, GAPS);
  const several = count(cell, CODES) > 1;
  return several && gaps > 0 ? `${SIGNS[code]}${gaps}` : SIGNS[code];
}
