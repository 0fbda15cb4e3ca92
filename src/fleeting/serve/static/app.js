/**
 * The page: makes its parts, opens recordings, and knows who is coding.
 */
import { getJson, postJson, recordingPath } from "./api.js";
import { showAgreement } from "./agreement.js";
import { askCoder, showExport, showHelp, showImport } from "./dialogs.js";
import { byId, visible } from "./dom.js";
import * as edits from "./edits.js";
import { Editor } from "./editor.js";
import { Expressions } from "./expressions.js";
import { pictureWidth } from "./frames.js";
import { keyTable, listen } from "./keys.js";
import { Looking } from "./looking.js";
import { Player } from "./player.js";
import { drawOpened, drawRecordings } from "./recordings.js";
import { banner, say, sayError } from "./say.js";
import { choose, chosenItem, hidesMachine, on, state, tell } from "./store.js";
import { FrameTimes } from "./times.js";
import { Timeline } from "./timeline.js";
import { Transport } from "./transport.js";

const CODER = "fleeting-coder";
const NEW_FRAMES = 10; // a new expression reaches so far to both sides of the frame that is shown

const go = (frame) => player.show(frame);
const player = new Player(byId("video"));
const timeline = new Timeline(go);
timeline.isPlaying = () => player.playing;
// A loop that runs goes on around the next expression.
const list = new Expressions(timeline, (frame) => !(player.looping && player.playing) && go(frame));
const editor = new Editor(timeline, go);
const looking = new Looking(() => player.speed);
const transport = new Transport(player, list, timeline);

const verbs = {
  loop: () => transport.toggleLoop(),
  judge: (verdict) => withChosen((item) => edits.judge(item, verdict)),
  kind: () => withChosen((item) => edits.change(item, { kind: item.kind === "micro" ? "macro" : "micro" })),
  split: () => withChosen((item) => edits.split(item, state.frame)),
  remove: () => withChosen((item) => edits.remove(item)),
  undo: () => edits.step("undo"),
  redo: () => edits.step("redo"),
  help: () => showHelp(keys),
  focus: (id) => withChosen(() => document.getElementById(id)?.focus()),
  create,
};
const keys = keyTable({ player, timeline, list, editor, looking, verbs });

function withChosen(act) {
  const item = chosenItem();
  if (item) return act(item);
  return say("Choose an expression first (N goes to the next).");
}

/** A new expression around the frame that is shown. */
async function create() {
  const frame = state.frame;
  const { times } = timeline;
  if (!times) return;
  const fields = {
    kind: "micro",
    face: state.face ?? 0,
    onset: times.clamp(frame - NEW_FRAMES),
    apex: frame,
    offset: times.clamp(frame + NEW_FRAMES),
  };
  await edits.add(fields);
}

let opening = 0;

/** Open a recording, or the same one anew where it stands: result, times of its first frames, the coder's answers, then the picture. */
async function open(id) {
  const recording = state.recordings.find((one) => one.id === id);
  if (
    !recording ||
    (edits.isPending() &&
      id !== state.recording?.id &&
      !confirm("A change is not saved yet. Leave this recording all the same?"))
  )
    return;
  opening += 1;
  const mine = opening;
  const result = await loadResult(id);
  if (mine !== opening) return; // another one was asked for meanwhile
  const again = state.recording?.id === id && timeline.times ? { frame: state.frame, view: state.view } : null;
  Object.assign(state, {
    recording,
    result,
    chosen: null,
    frame: again?.frame ?? 0,
    time: again ? state.time : 0,
    tracks: [],
    face: result.faces?.[0]?.id ?? 0,
  });
  location.hash = id;
  const times = new FrameTimes(id, result.video);
  const bars = timeline.open(times, again?.view);
  showPictures(recording, times, again?.frame); // before all else: it is what one waits for
  await Promise.all([edits.loadNotes(), times.prepare().catch(sayError), loadTracks(id)]);
  if (mine !== opening) return;
  drawOpened();
  tell("items");
  tell("chosen");
  edits.offerUnsent();
  await bars;
}

function showPictures(recording, times, frame = 0) {
  const found = state.result.video_found ?? recording.video.found;
  const why = recording.video.why || "it was not found; say where the videos are with --videos DIR";
  banner(
    "video",
    found ? "" : `The video is not here: ${why}. You can correct and export, but not look.`,
  );
  looking.open(found);
  if (!found) {
    player.close();
    byId("where").textContent = "no video";
    return;
  }
  const pixels = byId("video").clientWidth * (window.devicePixelRatio || 1);
  const width = pictureWidth(pixels, state.result.video.width);
  player.open(recording.id, state.result.video, width, times, frame);
}

async function loadResult(id) {
  const blind = state.blind ? { blind: 1, coder: state.coder } : {};
  const result = await getJson(recordingPath(id, "", blind));
  state.revealed = !result.hidden;
  return result;
}

async function loadTracks(id) {
  state.tracks = await getJson(recordingPath(id, "/tracks")).catch(() => []);
}

async function setCoder(must) {
  const name = await askCoder(must);
  if (!name) return;
  state.coder = name;
  localStorage.setItem(CODER, name);
  drawCoder();
  if (state.recording) await open(state.recording.id);
}

function drawCoder() {
  byId("coder-open").textContent = state.coder ? `Coder: ${visible(state.coder)}` : "Coder";
}

/** Blind: on hides the machine's answer; off, once the coder has given hers, reveals it for good. */
async function toggleBlind() {
  if (!state.blind) state.blind = true;
  else if (hidesMachine()) {
    if (
      !confirm("Reveal the machine's answer for this recording? Your answers so far are kept as given blind.")
    )
      return;
    await postJson(recordingPath(state.recording.id, "/reveal"), { coder: state.coder });
  } else state.blind = false;
  drawBlind();
  if (state.recording) await open(state.recording.id);
  drawBlind();
}

function drawBlind() {
  const button = byId("blind");
  button.setAttribute("aria-pressed", String(state.blind));
  button.textContent = state.blind ? (hidesMachine() ? "Reveal" : "Blind: revealed") : "Blind";
}

function drawReviewed() {
  if (!state.recording) return;
  state.recording.reviewed = { ...state.recording.reviewed, [state.coder]: state.notes.annotations.length };
  drawRecordings((id) => open(id).catch(sayError));
}

/** The curve and the face that are shown are those of the chosen expression. */
function followFace() {
  const face = chosenItem()?.face;
  if (face === undefined || face === state.face) return;
  state.face = face;
  tell("signals");
}

function drawUndo() {
  byId("undo").disabled = !state.notes.can_undo;
  byId("redo").disabled = !state.notes.can_redo;
}

/** Space plays: a button that was pressed with the mouse does not keep the focus and with it the key. */
function freeSpace(event) {
  if (event.detail > 0)
    event.target.closest?.(".transport button, .zoom button, .expressions button")?.blur();
}

function wire() {
  const press = (id, act) => byId(id).addEventListener("click", () => Promise.resolve(act()).catch(sayError));
  press("undo", verbs.undo);
  press("redo", verbs.redo);
  press("blind", toggleBlind);
  press("agreement-open", showAgreement);
  press("import-open", async () => {
    if (await showImport()) await open(state.recording.id);
  });
  press("export-open", showExport);
  press("coder-open", () => setCoder(false));
  press("help-open", verbs.help);
  press("new", create);
  on("items", drawUndo);
  on("chosen", followFace);
  on("items", drawReviewed);
  listen(keys);
  addEventListener("click", freeSpace);
  addEventListener("unhandledrejection", (event) => sayError(event.reason));
}

async function begin() {
  wire();
  const [words, recordings, server] = await Promise.all([
    getJson("/api/words").catch(() => null),
    getJson("/api/recordings"),
    getJson("/api/server").catch(() => ({})),
  ]);
  Object.assign(state, { recordings, blind: Boolean(server.blind) });
  if (words) Object.assign(state.words, words);
  drawRecordings((id) => open(id).catch(sayError));
  const coders = (await getJson("/api/coders")).map((coder) => coder.name ?? coder);
  const before = localStorage.getItem(CODER);
  if (before && coders.includes(before)) state.coder = before;
  else await setCoder(true);
  drawCoder();
  const wanted = recordings.find((one) => one.id === location.hash.slice(1)) ?? recordings[0];
  if (wanted) await open(wanted.id);
  drawBlind();
  document.body.dataset.ready = "yes";
}

begin().catch((error) => {
  console.warn(error);
  banner("beginning", error.message);
});
