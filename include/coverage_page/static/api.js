/* Asking the server. */

import { language, say } from "./words.js";

/** What went wrong, in words. */
export class Wrong extends Error {}

async function ask(path, options = {}) {
  let answer;
  try {
    const headers = { ...options.headers, "Accept-Language": language };
    answer = await fetch(path, { credentials: "same-origin", ...options, headers });
  } catch (error) {
    throw new Wrong(say("wrong.server", { detail: error.message }));
  }
  if (answer.ok) return answer.json();
  const detail = await detailOf(answer);
  if (answer.status === 401) throw new Wrong(say("wrong.session"));
  if (answer.status === 403) throw new Wrong(say("wrong.rights", { detail }));
  if (answer.status < 500) throw new Wrong(detail);
  throw new Wrong(say("wrong.server", { detail }));
}

async function detailOf(answer) {
  try {
    const { detail } = await answer.json();
    return typeof detail === "string" ? detail : JSON.stringify(detail);
  } catch {
    return `HTTP ${answer.status}`;
  }
}

function send(path, body) {
  const headers = { "Content-Type": "application/json" };
  return ask(path, { method: "POST", headers, body: JSON.stringify(body) });
}

/** All jobs by periods. */
export const allJobs = (span) => ask(`data/jobs?span=${span}`);

/** The last periods of all contracts. */
export const allContracts = () => ask("data/contracts");

/** How one period of a contract stands. */
export const contractOf = (id, key) => ask(`contracts/${encodeURIComponent(id)}/${encodeURIComponent(key)}`);

/** The shops of one job by periods. */
export const shopsOf = (job, span) => ask(`data/jobs/${encodeURIComponent(job)}/shops?span=${span}`);

/** All that is known of the units of one cell. */
export function unitsOf(job, column, shop) {
  const path = `data/jobs/${encodeURIComponent(job)}/columns/${encodeURIComponent(column)}`;
  return ask(shop ? `${path}?shop=${encodeURIComponent(shop)}` : path);
}

/** What would be run to repair some gaps. */
export const plan = (wish) => send("repair/plan", wish);

/** Repair them. */
export const repair = (wish) => send("repair/start", wish);

/** Accept a gap that can never be closed. */
export const waive = (wish) => send("waive", wish);

/** Take that back. */
export const unwaive = (wish) => send("unwaive", wish);

/** Run once more what has landed. */
export const again = (wish) => send("again", wish);

/** What is open, muted and failing. */
export const allAlerts = () => ask("data/alerts");

/** Take an alert on. */
export const acknowledge = (wish) => send("alerts/ack", wish);

/** Let nothing be said of a job, or of one shop of it, until a day. */
export const mute = (wish) => send("alerts/mute", wish);

/** Let alerts of it come again. */
export const unmute = (wish) => send("alerts/unmute", wish);
