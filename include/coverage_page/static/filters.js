/* The filters: by platform, job and state, and how far back. */

import { make, setAttribute } from "./dom.js";
import { CODES, GAPS, GAP_STATES, NAMES, cellOf, count } from "./states.js";
import { platformName, say } from "./words.js";

/**
 * Make the filters.
 * @param {HTMLElement} root
 * @param {object} view what is filtered; changed in place
 * @param {(name: string) => void} changed
 */
export function makeFilters(root, view, changed) {
  const set = (name) => (event) => {
    view[name] = event.target.value;
    changed(name);
  };
  const states = [GAP_STATES, ...CODES.map((code) => NAMES[code])];
  const job = make("input", { type: "search", id: "filter-job", placeholder: say("filter.jobHint"), input: set("job") });
  job.value = view.job;
  root.replaceChildren(
    field("platform", choice("platform", [], view, set, platformName)),
    field("job", job),
    field("state", choice("state", states, view, set, stateName)),
    field("span", choice("span", ["1", "3"], view, set, (span) => say(`span.${span}`), false)),
  );
}

function field(name, control) {
  return make("label", {}, make("span", { text: say(`filter.${name}`) }), control);
}

function stateName(name) {
  return name === GAP_STATES ? say("filter.gaps") : say(`state.${name}`);
}

function choice(name, values, view, set, show, all = true) {
  const select = make("select", { id: `filter-${name}`, change: set(name) });
  if (all) select.append(make("option", { value: "", text: say("filter.all") }));
  for (const value of values) select.append(make("option", { value, text: show(value) }));
  select.value = view[name];
  if (select.selectedIndex < 0) addChosen(select, view[name], show);
  return select;
}

function addChosen(select, value, show) {
  select.append(make("option", { value, text: show(value) }));
  select.value = value;
}

/**
 * Offer the platforms that there are.
 * @param {object[]} groups
 * @param {object} view one that the address names and there is not is taken out
 * @param {boolean} all whether these are all jobs: what is broken may have another platform
 */
export function offerPlatforms(groups, view, all) {
  const select = document.getElementById("filter-platform");
  const there = new Set([...select.options].map((option) => option.value));
  const found = new Set(groups.flatMap((group) => group.jobs.map((job) => job.platform)));
  for (const platform of [...found].filter(Boolean).sort()) {
    if (!there.has(platform)) select.append(make("option", { value: platform, text: platformName(platform) }));
  }
  if (all && view.platform && !found.has(view.platform)) {
    select.selectedOptions[0]?.remove();
    select.value = view.platform = "";
  }
}

/** Give the groups with the jobs that the filters let through. */
export function filtered(groups, view) {
  const word = view.job.trim().toLowerCase();
  const codes = view.state === GAP_STATES ? GAPS : CODES.filter((code) => NAMES[code] === view.state);
  const fits = (job) =>
    (!view.platform || job.platform === view.platform) &&
    (!word || job.id.includes(word) || job.name.toLowerCase().includes(word)) &&
    (codes.length === 0 || job.cells.some((told) => told && count(cellOf(told), codes) > 0));
  return groups.map((group) => ({ ...group, jobs: group.jobs.filter(fits) }));
}

/** Give the cells of other states less weight, by a mark that the style sheet knows. */
export function markState(root, view) {
  const codes = view.state === GAP_STATES ? GAPS.join(" ") : CODES.find((code) => NAMES[code] === view.state);
  setAttribute(root, "data-only", codes || null);
}
