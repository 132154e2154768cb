/* How today went, at the top. */

import { make, patchChildren, setAttribute, setText } from "./dom.js";
import { number, platformName, say } from "./words.js";

/** Show the totals. @param {HTMLElement} root @param {object} totals */
export function showTotals(root, totals) {
  const all = { key: "all", text: "totals.today", ...totals };
  const platforms = totals.platforms.map((one) => ({ key: one.platform, text: "totals.platform", ...one }));
  for (const one of platforms) one.known = totals.known;
  const items = sumOf(all) > 0 || !totals.known ? [all, ...platforms] : [{ key: "none" }];
  patchChildren(root, items, (item) => item.key, () => make("span", { class: "total" }), update);
}

function sumOf(item) {
  return item.landed + item.missing + item.running + item.to_come;
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
  const nobody = !item.known && sumOf(item) === 0 && item.platform;
  const parts = [say(nobody ? "totals.noShops" : item.text, values)];
  if (item.missing > 0) parts.push(say("totals.missing", { n: number(item.missing) }));
  if (item.running > 0) parts.push(say("totals.running", { n: number(item.running) }));
  if (item.to_come > 0) {
    parts.push(say("totals.toCome", { n: number(item.to_come), at: item.last_due }));
  }
  if (!item.known && !nobody) parts.push(say("totals.unknown"));
  setText(element, parts.join(say("separator")));
  setAttribute(element, "data-how", howOf(item));
}

/** Green until something that was due is missing; what is not known to be all is not green. */
function howOf(item) {
  if (item.missing > 0 || !item.known) return "missing";
  return item.running > 0 ? "waiting" : "landed";
}
