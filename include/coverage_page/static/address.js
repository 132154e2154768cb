/* What is filtered and opened stands in the address, so that it can be kept and sent.

   In Airflow the page is a frame, and the address is that of the page around it, which hands its
   query on to the frame when it is loaded. */

import { GAP_STATES, NAMES } from "./states.js";

const DEFAULTS = { platform: "", job: "", state: "", span: "1", open: "" };

/** @typedef {{platform: string, job: string, state: string, span: string, open: Set<string>}} View */

/** Read the address. @returns {View} */
export function readView() {
  const found = new URLSearchParams(location.search);
  const view = { ...DEFAULTS };
  for (const name of Object.keys(DEFAULTS)) view[name] = found.get(name) ?? DEFAULTS[name];
  if (!["1", "3"].includes(view.span)) view.span = DEFAULTS.span;
  if (![GAP_STATES, ...Object.values(NAMES)].includes(view.state)) view.state = DEFAULTS.state;
  return { ...view, open: new Set(view.open.split(",").filter(Boolean)) };
}

/** Write it. @param {View} view */
export function writeView(view) {
  const query = new URLSearchParams();
  const texts = { ...view, open: [...view.open].sort().join(",") };
  for (const [name, usual] of Object.entries(DEFAULTS)) {
    if (texts[name] !== usual) query.set(name, texts[name]);
  }
  replaceQuery(window, query);
  if (parent !== window && around()) replaceQuery(parent, query);
}

function replaceQuery(target, query) {
  const url = new URL(target.location.href);
  url.search = query.toString();
  if (url.href !== target.location.href) {
    target.history.replaceState(target.history.state, "", url.href);
  }
}

/** Whether the page around is Airflow's, and its address ends with this one's. */
function around() {
  try {
    return parent.location.pathname.endsWith(location.pathname);
  } catch {
    return false; // another origin: not ours to touch
  }
}

/** Give the address of a page of Airflow's UI, also below a base URL's path. */
export function airflowPage(...parts) {
  const path = parts.map(encodeURIComponent).join("/");
  return new URL(`../${path}`, new URL(".", location.href)).href;
}

/**
 * Follow a link out of the frame: Airflow's sandbox lets a frame open no page itself, so the page
 * around does it.
 * @param {MouseEvent} event
 */
export function followOutside(event) {
  if (parent === window) return;
  event.preventDefault();
  const link = parent.document.createElement("a");
  link.href = event.currentTarget.href;
  const aside = event.ctrlKey || event.metaKey || event.shiftKey || event.button === 1;
  if (aside) {
    link.target = "_blank";
    link.rel = "noopener";
  }
  parent.document.body.append(link);
  link.click();
  link.remove();
}
