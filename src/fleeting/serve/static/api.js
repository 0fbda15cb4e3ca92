/**
 * Talking with the viewer's own server. Every failure becomes an ApiError with a line that a person can read.
 */

/** What went wrong, in words; `status` is 0 where the server did not answer at all. */
export class ApiError extends Error {
  constructor(message, status, body = null) {
    super(message);
    this.status = status;
    this.body = body;
  }
}

const SILENT =
  "The viewer's server does not answer. If it was stopped, start " +
  "`fleeting view` again and open the address that it prints.";

async function send(path, options) {
  let answer;
  try {
    answer = await fetch(path, { credentials: "same-origin", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(SILENT, 0);
  }
  if (answer.ok) return answer;
  const body = await answer.json().catch(() => null);
  throw new ApiError(sentence(answer.status, body), answer.status, body);
}

function sentence(status, body) {
  if (status === 403 && !body?.error)
    return "This page is no longer let in. Open the address that `fleeting view` printed last.";
  const said = body?.error ?? body?.detail;
  return typeof said === "string" ? said : `The server refused this with code ${status}.`;
}

/** Ask for JSON. */
export async function getJson(path, options = {}) {
  return (await send(path, options)).json();
}

/** Send JSON and get JSON back. */
export async function postJson(path, body, options = {}) {
  const headers = { "Content-Type": "application/json" };
  return (await send(path, { method: "POST", headers, body: JSON.stringify(body), ...options })).json();
}

/** Take something away on the server. */
export async function remove(path) {
  return (await send(path, { method: "DELETE" })).json();
}

/** Send a file's bytes as they are and get JSON back. */
export async function postBytes(path, bytes) {
  const headers = { "Content-Type": "application/octet-stream" };
  return (await send(path, { method: "POST", headers, body: bytes })).json();
}

/**
 * One picture with the frame that it shows.
 * @returns {Promise<{blob: Blob, frame: number|null, time: number|null, scale: number|null}>} Frame and time as the
 *   server decoded them; the scale of what is drawn, where there is one.
 */
export async function getPicture(path, options = {}) {
  const answer = await send(path, options);
  const told = (name) => (answer.headers.has(name) ? Number(answer.headers.get(name)) : null);
  return {
    blob: await answer.blob(),
    frame: told("X-Frame-Index"),
    time: told("X-Frame-Time"),
    scale: told("X-Scale"),
  };
}

const HEAD = 16; // bytes before each picture: length, frame index (uint32), time (float64), big-endian

/**
 * A stream of pictures, each as it arrives.
 * @yields {{blob: Blob, frame: number, time: number}}
 */
export async function* getPictures(path, options = {}) {
  const reader = (await send(path, options)).body.getReader();
  let held = new Uint8Array(0);
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      held = join(held, value);
      for (let part = first(held); part; part = first(held)) {
        held = held.subarray(part.end);
        yield part.picture;
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined); // told to the server, so that it stops decoding
  }
  if (held.length) throw new ApiError("The pictures broke off in the middle; please try again.", 0);
}

function first(bytes) {
  if (bytes.length < HEAD) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = HEAD + view.getUint32(0);
  if (bytes.length < end) return null;
  const blob = new Blob([bytes.slice(HEAD, end)], { type: "image/jpeg" });
  return { end, picture: { blob, frame: view.getUint32(4), time: view.getFloat64(8) } };
}

function join(a, b) {
  if (!a.length) return b;
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/** Address of something of one recording; parameters that are null are left out. */
export function recordingPath(id, rest = "", parameters = {}) {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(parameters)) {
    if (value !== null && value !== undefined) query.set(key, String(value));
  }
  const text = query.toString();
  return `/api/recordings/${encodeURIComponent(id)}${rest}${text ? `?${text}` : ""}`;
}
