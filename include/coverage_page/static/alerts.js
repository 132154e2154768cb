/* What is open, muted and failing, as the server told it last; who shows it is told of news. */

import * as api from "./api.js";

/** @type {{told: ?object, failure: string}} */
export const current = { told: null, failure: "" };
const listeners = [];

/** Be called whenever the server was asked. @param {() => void} listener */
export function listen(listener) {
  listeners.push(listener);
}

/** Ask the server; what it told before stays when it does not answer. */
export async function lookAtAlerts() {
  try {
    current.told = await api.allAlerts();
    current.failure = "";
  } catch (error) {
    current.failure = error.message;
  }
  listeners.forEach((listener) => listener());
}
