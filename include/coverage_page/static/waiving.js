/* Accepting a gap that can never be closed, and taking that back: parts of the details of a unit. */

import * as api from "./api.js";
import { make } from "./dom.js";
import { say } from "./words.js";

const LONGEST = 1000; // characters of a reason

/**
 * A button that asks for a reason, and one to confirm it.
 * @param {object} wish which unit
 * @param {() => void} done
 * @param {(error: Error) => Node} wrong
 */
export function waiveButton(wish, done, wrong) {
  const box = make("span", { class: "ask" });
  const first = make("button", { type: "button", class: "waive", text: say("waive"), click: () => ask() });
  const ask = () => {
    const reason = make("input", { type: "text", maxlength: LONGEST, size: 40, placeholder: say("waive.reason") });
    reason.setAttribute("aria-label", say("waive.reason"));
    const yes = make("button", { type: "button", class: "primary", text: say("waive.yes"), click: () => go(reason, yes) });
    const no = make("button", { type: "button", text: say("no"), click: () => back() });
    reason.addEventListener("keydown", (event) => {
      if (event.key === "Enter") go(reason, yes);
    });
    box.replaceChildren(reason, yes, no);
    reason.focus();
  };
  const back = () => {
    box.replaceChildren(first);
    first.focus();
  };
  const go = async (reason, button) => {
    if (!reason.value.trim()) {
      reason.focus();
      return;
    }
    button.disabled = true;
    try {
      await api.waive({ ...wish, reason: reason.value });
      done();
    } catch (error) {
      box.replaceChildren(wrong(error), first);
    }
  };
  box.append(first);
  return box;
}

/** A button that lets what was waived count as a gap again. */
export function unwaiveButton(wish, done, wrong) {
  const box = make("span", { class: "ask" });
  const click = async () => {
    button.disabled = true;
    try {
      await api.unwaive(wish);
      done();
    } catch (error) {
      box.replaceChildren(wrong(error));
    }
  };
  const button = make("button", { type: "button", class: "waive", text: say("unwaive"), click });
  box.append(button);
  return box;
}
