/* The page's one dialog, and what stands in it wherever it is used. */

import { make } from "./dom.js";
import { say } from "./words.js";

export const dialog = document.getElementById("dialog");

/** Show the dialog with a title and some content. */
export function open(title, ...content) {
  const heading = make("h2", { id: "dialog-title", text: title });
  const close = make("button", { type: "button", class: "close", text: "×", click: () => dialog.close() });
  close.setAttribute("aria-label", say("closeDialog"));
  dialog.replaceChildren(make("div", { class: "dialog-head" }, heading, close), ...content);
  if (!dialog.open) dialog.showModal();
}

/** Make a paragraph of what went wrong. @param {Error} error */
export function wrong(error) {
  return make("p", { class: "warning", role: "alert", text: error.message });
}

/**
 * See to it that the focus stays in the dialog when what had it is gone.
 * @param {?HTMLElement} place where it goes, if that is still there
 */
export function keepFocus(place) {
  if (!dialog.open || dialog.contains(document.activeElement)) return;
  (place?.isConnected ? place : dialog.querySelector(".close")).focus();
}
