/**
 * Saving: every change goes to the server at once, one after another, and the server's answer is what is shown.
 * A change that could not be sent is kept in this browser until it could.
 */
import { getJson, postJson, recordingPath } from "./api.js";
import { byId } from "./dom.js";
import { follow, makeItems, nameOf } from "./items.js";
import { banner, say, sayError } from "./say.js";
import { choose, hidesMachine, state, tell } from "./store.js";

const UNSENT = "fleeting-unsent";
const AGAIN_MS = 2000;

let chain = Promise.resolve();
let pending = 0;
let kept = null; // the change that this window keeps until it is sent

/** Whether something has not reached the server yet. */
export function isPending() {
  return pending > 0;
}

/** Load the coder's annotations of the opened recording. */
export async function loadNotes() {
  if (!state.coder) return take({ revision: 0, annotations: [], can_undo: false, can_redo: false });
  take(await getJson(recordingPath(state.recording.id, "/annotations", { coder: state.coder })));
}

/** Show what the server holds now. */
export function take(notes) {
  if (!notes || !Array.isArray(notes.annotations)) return;
  state.notes = notes;
  const before = state.chosen;
  state.items = makeItems();
  const after = follow(before, state.items);
  if (after !== before) choose(after);
  tell("items");
}

/** Change the chosen fields of an item. */
export function change(item, fields) {
  return save({ op: "change", ...nameOf(item), fields });
}

/** Accept or reject an item; the same verdict again is kept as it is. */
export function judge(item, verdict) {
  return save({ op: verdict === "accepted" ? "accept" : "reject", ...nameOf(item) });
}

/** Add an expression and choose it. */
export async function add(fields) {
  const known = new Set(state.notes.annotations.map((note) => note.key));
  const notes = await save({ op: "add", fields });
  const made = notes?.annotations.find((note) => !known.has(note.key));
  if (made) choose(made.key);
}

/** Delete an own annotation; the machine's expressions are rejected instead. */
export function remove(item) {
  if (!item.mine) return judge(item, "rejected");
  return save({ op: "delete", key: item.key });
}

/** Make two of one, the second beginning at this frame. */
export function split(item, at) {
  if (!(at > item.onset && at <= item.offset)) {
    say("To split an expression, go to the frame inside it where the second part begins.", "error");
    return Promise.resolve(null);
  }
  return save({ op: "split", ...nameOf(item), at });
}

/** Take back the last change of this coder, or do it again. */
export function step(direction) {
  return queue(`/${direction}`, {});
}

/** Send one change. */
export function save(body) {
  return queue("", body);
}

function queue(rest, body) {
  if (!state.coder) {
    byId("coder-open").click();
    return Promise.resolve(null);
  }
  const wish = { id: state.recording.id, rest, body: { ...body, coder: state.coder } };
  pending += 1;
  showSaved("saving…");
  const sent = chain.then(() => deliver(wish));
  chain = sent.catch(() => undefined);
  return sent
    .catch((error) => {
      sayError(error);
      return null;
    })
    .finally(done);
}

function done() {
  pending -= 1;
  if (!pending) showSaved("all saved");
}

function showSaved(text) {
  byId("saved").textContent = state.coder ? text : "";
}

async function deliver(wish) {
  for (let tries = 0; ; tries += 1) {
    try {
      const revision = state.notes.revision;
      const notes = await postJson(recordingPath(wish.id, `/annotations${wish.rest}`), {
        ...wish.body,
        revision,
      });
      sentAtLast(wish);
      if (state.recording?.id === wish.id && wish.body.coder === state.coder) take(notes);
      return notes;
    } catch (error) {
      if (error.status === 409 && Array.isArray(error.body?.annotations)) return stale(error, wish);
      if (error.status !== 0 && error.status !== 403) throw error; // 403: it was started anew, with another secret
      keep(wish);
      showSaved("not saved");
      banner(
        "saving",
        `Not saved yet. ${error.message} This window tries again every two seconds; your change is kept until then.`,
      );
      await new Promise((again) => setTimeout(again, AGAIN_MS));
    }
  }
}

function stale(error, wish) {
  if (kept === wish) letGo(); // what is kept stays for the next window, where it can be made or forgotten
  if (state.recording?.id === wish.id) take(error.body);
  say(
    "This recording was changed in another window meanwhile. What you see now is the newest state; " +
      "your last change was not made, please make it again.",
    "error",
  );
  return null;
}

function keep(wish) {
  kept = wish;
  try {
    localStorage.setItem(UNSENT, JSON.stringify(wish));
  } catch {
    say(
      "This browser keeps nothing for this page: leave the window open until the change is saved.",
      "error",
    );
  }
}

/** What was kept has reached the server; what an earlier window kept is still to be answered. */
function sentAtLast(wish) {
  if (kept !== wish) return;
  letGo();
  forget();
}

function letGo() {
  kept = null;
  banner("saving", "");
}

function forget() {
  localStorage.removeItem(UNSENT);
}

/** Offer a change that an earlier window could not send, where it fits the opened recording and coder. */
export function offerUnsent() {
  const wish = JSON.parse(localStorage.getItem(UNSENT) ?? "null");
  if (!wish || wish.id !== state.recording?.id || wish.body.coder !== state.coder) return;
  if (wish.body.source_key && hidesMachine()) return; // it is about an answer that she is not to see now
  banner("unsent", "The last change of your earlier window did not reach the server.", {
    "Make it now": () => {
      banner("unsent", "");
      forget();
      queue(wish.rest, wish.body);
    },
    "Forget it": () => {
      banner("unsent", "");
      forget();
    },
  });
}

// Another window has sent it, or was told to forget it.
addEventListener("storage", (event) => {
  if (event.key === UNSENT && !event.newValue) banner("unsent", "");
});

addEventListener("beforeunload", (event) => {
  if (pending) event.preventDefault();
});
