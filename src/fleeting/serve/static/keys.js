/**
 * The keyboard: one table, from which the keys work and the help is made.
 */
import { isTyping } from "./dom.js";

const OFF = "fleeting-single-keys-off";
const PRESSED = "button, summary, input, [role=slider]"; // what Space presses, where it has the focus

/** Whether keys without Ctrl do anything; those who dictate or use other aids may turn them off. */
export function singleKeys() {
  return localStorage.getItem(OFF) === null;
}

/** Turn keys without Ctrl on or off; the browser remembers it. */
export function setSingleKeys(wanted) {
  if (wanted) localStorage.removeItem(OFF);
  else localStorage.setItem(OFF, "1");
}

/**
 * Make the table of keys.
 * @returns {{part: string, keys: {keys: string[], shown: string, does: string, act: Function}[]}[]}
 */
export function keyTable({ player, timeline, list, editor, looking, verbs }) {
  const key = (keys, shown, does, act) => ({ keys, shown, does, act });
  return [
    {
      part: "Move",
      keys: [
        key(["ArrowLeft"], "←", "one frame back", () => player.step(-1)),
        key(["ArrowRight"], "→", "one frame on", () => player.step(1)),
        key(["shift+ArrowLeft"], "Shift ←", "ten frames back", () => player.step(-10)),
        key(["shift+ArrowRight"], "Shift →", "ten frames on", () => player.step(10)),
        key(["Home"], "Home", "first frame", () => player.show(0)),
        key(["End"], "End", "last frame", () => player.show(Infinity)),
        key(["n", "ArrowDown"], "N or ↓", "next expression", () => list.move(1)),
        key(["p", "ArrowUp"], "P or ↑", "previous expression", () => list.move(-1)),
      ],
    },
    {
      part: "Play",
      keys: [
        key([" "], "Space", "play or pause", () => player.toggle()),
        key(["1"], "1", "speed 1", () => player.setSpeed(1)),
        key(["2"], "2", "speed 0.5", () => player.setSpeed(0.5)),
        key(["3"], "3", "speed 0.25", () => player.setSpeed(0.25)),
        key(["4"], "4", "speed 0.1", () => player.setSpeed(0.1)),
        key(["l"], "L", "loop the chosen expression", () => verbs.loop()),
      ],
    },
    {
      part: "Look at the face",
      keys: [
        key(["a"], "A", "the face, aligned", () => looking.choose("face")),
        key(["f"], "F", "flicker between onset and apex", () => looking.choose("flicker")),
        key(["d"], "D", "amplified difference", () => looking.choose("difference")),
        key(["v"], "V", "motion as arrows", () => looking.choose("flow")),
        key(["h"], "H", "motion of the regions", () => looking.choose("heat")),
        key(["m"], "M", "magnified motion", () => looking.choose("magnified")),
      ],
    },
    {
      part: "Timeline",
      keys: [
        key(["+", "="], "+", "show less time", () => timeline.zoom(0.5)),
        key(["-"], "-", "show more time", () => timeline.zoom(2)),
        key(["0"], "0", "show the whole recording", () => timeline.showAll()),
        key(["g"], "G", "show the chosen expression", () => timeline.showChosen()),
      ],
    },
    {
      part: "Decide and correct",
      keys: [
        key(["y"], "Y", "accept", () => verbs.judge("accepted")),
        key(["x"], "X", "reject", () => verbs.judge("rejected")),
        key(["k"], "K", "micro or macro, in turn", () => verbs.kind()),
        key(["q"], "Q", "onset is this frame", () => editor.setPoint("onset", player.frameNow())),
        key(["w"], "W", "apex is this frame", () => editor.setPoint("apex", player.frameNow())),
        key(["e"], "E", "offset is this frame", () => editor.setPoint("offset", player.frameNow())),
        key(["c"], "C", "new expression at this frame", () => verbs.create()),
        key(["s"], "S", "split at this frame", () => verbs.split()),
        key(["u"], "U", "go to the field for action units", () => verbs.focus("au-new")),
        key(["t"], "T", "go to the note", () => verbs.focus("note")),
        key(["Delete"], "Delete", "delete your answer", () => verbs.remove()),
        key(["ctrl+z"], "Ctrl Z", "undo", () => verbs.undo()),
        key(["ctrl+shift+z", "ctrl+y"], "Ctrl Shift Z", "redo", () => verbs.redo()),
      ],
    },
    {
      part: "Page",
      keys: [
        key(["?"], "?", "this help", () => verbs.help()),
        key(["Escape"], "Esc", "leave a field", () => document.activeElement?.blur()),
      ],
    },
  ];
}

/** Listen to the keys of a table. */
export function listen(table) {
  const acts = new Map(
    table.flatMap((part) => part.keys.flatMap((one) => one.keys.map((name) => [name, one.act]))),
  );
  addEventListener("keydown", (event) => {
    if (document.querySelector("dialog[open]")) return;
    const name = nameOf(event);
    const withControl = name.startsWith("ctrl+");
    if (isTyping(event.target) && !(name === "Escape")) return; // fields have their own undo and letters
    if (name.startsWith("Arrow") && event.target.type === "radio") return; // they choose among the buttons
    if (!withControl && /^(.|shift\+.)$/.test(name) && !singleKeys() && name !== "?") return;
    if (name === " " && event.target.closest?.(PRESSED)) return; // presses the button
    const act = acts.get(name);
    if (!act) return;
    event.preventDefault();
    act();
  });
}

/** How a key press is written in the table. */
export function nameOf(event) {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const control = event.ctrlKey || event.metaKey ? "ctrl+" : "";
  if (event.altKey) return "";
  const shift = event.shiftKey && (control || event.key.length > 1) ? "shift+" : "";
  return `${control}${shift}${key}`;
}
