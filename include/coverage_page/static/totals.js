/* How today went, at the top. */

import { make, patchChildren, setAttribute, setText } from "./dom.js";
import { number, platformName, say } from "./words.js";

/** Show the totals. @param {HTMLElement} root @param {object} totals */
export function showTotals(root, totals) {
  const all = { key: "all", text: "totals.today", ...totals };
  const platforms = totals.platforms.map((one) => ({ key: one.platform, text: "totals.shops", ...one }));
  const items = sumOf(all) > 0 ? [all, ...platforms] : [{ key: "none" }];
  patchChildren(root, items, (item) => item.key, () => make("span", { class: "total" }), update);
}

function sumOf(item) {
  return item.landed + item.missing + item.waiting;
}

function update(element, item) {
  if (item.key === "none") {
    setText(element, say("totals.none"));
    return;
  }
  const values = {
    landed: number(item.landed),
    all: number(sumOf(item)),
    platform: platformName(item.platform),
  };
  const parts = [say(item.text, values)];
  if (item.missing > 0) parts.push(say("totals.missing", { n: number(item.missing) }));
  if (item.waiting > 0) parts.push(say("totals.waiting", { n: number(item.waiting) }));
  setText(element, parts.join(", "));
  setAttribute(element, "data-how", item.missing > 0 ? "missing" : item.waiting > 0 ? "waiting" : "landed");
}
