/**
 * Dialogs: who is coding, keyboard help, import, export.
 */
import { getJson, postBytes, postJson } from "./api.js";
import { el, fill, visible } from "./dom.js";
import { setSingleKeys, singleKeys } from "./keys.js";
import { say } from "./say.js";
import { state } from "./store.js";

/** Open a dialog; resolves with its return value when it is closed. */
export function open(title, build, { wide = false, must = false } = {}) {
  return new Promise((done) => {
    const dialog = el("dialog", { class: wide ? "wide" : null, "aria-label": title });
    const close = (value) => {
      dialog.returnValue = value;
      dialog.close();
    };
    const heading = el(
      "header",
      {},
      el("h2", {}, title),
      must ? null : el("button", { type: "button", "aria-label": "Close", onclick: () => close("") }, "×"),
    );
    fill(dialog, heading, build(close));
    if (must) dialog.addEventListener("cancel", (event) => event.preventDefault());
    dialog.addEventListener("close", () => {
      dialog.remove();
      done(dialog.returnValue);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Ask who is coding; gives the name, or "" where the dialog was closed. */
export async function askCoder(must) {
  const known = (await getJson("/api/coders")).map((coder) => coder.name ?? coder);
  const fault = el("p", { class: "wrong", role: "alert" });
  const take = async (name, close) => {
    const clean = name.trim();
    if (!clean) return;
    try {
      if (!known.includes(clean)) await postJson("/api/coders", { name: clean });
      close(clean);
    } catch (error) {
      fault.textContent = error.message;
    }
  };
  return open(
    "Who is coding?",
    (close) => {
      const field = el("input", {
        id: "coder-name",
        maxlength: "60",
        autocomplete: "off",
        required: true,
        value: state.coder,
      });
      const form = el(
        "form",
        {
          method: "dialog",
          onsubmit: (event) => {
            event.preventDefault();
            take(field.value, close);
          },
        },
        el("p", {}, "Your answers are kept under your name, apart from those of other coders."),
        known.length
          ? el(
              "div",
              { class: "choices" },
              ...known.map((name) =>
                el("button", { type: "button", onclick: () => close(name) }, visible(name)),
              ),
            )
          : null,
        el("label", { htmlFor: "coder-name" }, known.length ? "or a new name" : "your name"),
        el("div", { class: "line" }, field, el("button", { class: "main" }, "Begin")),
        fault,
      );
      setTimeout(() => field.select());
      return form;
    },
    { must },
  );
}

/** Show the keys. */
export function showHelp(table) {
  const rows = (part) =>
    part.keys.map((one) =>
      el("tr", {}, el("th", { scope: "row" }, el("kbd", {}, one.shown)), el("td", {}, one.does)),
    );
  return open(
    "Keyboard",
    () =>
      el(
        "div",
        {},
        el(
          "div",
          { class: "keys" },
          ...table.map((part) =>
            el("table", {}, el("caption", {}, part.part), el("tbody", {}, ...rows(part))),
          ),
        ),
        el(
          "p",
          {},
          el(
            "label",
            {},
            el("input", {
              type: "checkbox",
              checked: singleKeys(),
              onchange: (event) => setSingleKeys(event.target.checked),
            }),
            " single letters and digits work as keys",
          ),
        ),
        el(
          "p",
          { class: "soft" },
          "On the timeline: wheel zooms, Shift and wheel moves, dragging moves, a click goes to that frame. " +
            "The handles of the chosen expression can be dragged, or moved with the arrow keys once they have the focus (Tab).",
        ),
      ),
    { wide: true },
  );
}

const FORMATS = [
  ["csv", "CSV table", "for SPSS, R, spreadsheets: one row per expression"],
  ["json", "JSON", "everything, exact"],
  ["eaf", "ELAN (.eaf)", "tiers for ELAN; an imported file keeps its own tiers"],
  ["html", "Report to print", "a page that prints well as PDF"],
];

/** Offer the files that can be taken away. */
export function showExport() {
  return open("Export", () => {
    const scope = el(
      "select",
      { id: "export-what" },
      el("option", { value: "one" }, "this recording"),
      el("option", { value: "all" }, "all recordings"),
    );
    const who = el(
      "select",
      { id: "export-who" },
      state.coder ? el("option", { value: "me" }, visible(state.coder)) : null,
      el("option", { value: "all" }, "all coders"),
    );
    const links = FORMATS.map(([format, name, says]) => {
      const link = el(
        "a",
        {
          class: "file",
          id: `export-${format}`,
          download: format === "html" ? null : "",
          target: format === "html" ? "_blank" : null,
          rel: "noopener",
        },
        el("b", {}, name),
        el("span", { class: "soft" }, says),
      );
      const aim = () => {
        link.href = exportPath(format, scope.value === "one", who.value === "me");
      };
      scope.addEventListener("change", aim);
      who.addEventListener("change", aim);
      aim();
      return link;
    });
    return el(
      "div",
      {},
      el("div", { class: "line" }, el("label", {}, "what ", scope), el("label", {}, "whose ", who)),
      el("div", { class: "files" }, ...links),
    );
  });
}

function exportPath(format, one, mine) {
  const query = new URLSearchParams({ format });
  if (one && state.recording) query.set("recording", state.recording.id);
  if (mine) query.set("coder", state.coder);
  return `/api/export?${query}`;
}

/** Take a file in; gives the server's answer, or "" where nothing was taken. */
export async function showImport() {
  let taken = null;
  await open("Import", (close) => {
    const fault = el("p", { class: "wrong", role: "alert" });
    const file = el("input", { type: "file", id: "import-file", accept: ".eaf,.csv,.json" });
    const bring = async () => {
      if (!file.files.length) return;
      try {
        const query = new URLSearchParams({
          recording: state.recording.id,
          coder: state.coder,
          name: file.files[0].name,
        });
        taken = await postBytes(`/api/import?${query}`, await file.files[0].arrayBuffer());
        close("done");
      } catch (error) {
        fault.textContent = error.message;
      }
    };
    return el(
      "div",
      {},
      el(
        "p",
        {},
        "An ELAN file (.eaf), an export of this viewer (.json, .csv), " +
          "or a CSV of Py-Feat or OpenFace, which is shown as extra tracks.",
      ),
      el(
        "div",
        { class: "line" },
        file,
        el("button", { type: "button", class: "main", id: "import-go", onclick: bring }, "Import"),
      ),
      fault,
    );
  });
  if (taken) say(visible(taken.message));
  return taken;
}
