/**
 * Small pieces of language: times, counts, names. Nothing here touches the page.
 */

/** Write seconds as `12.34 s`, `1:02.34` or `1:00:02.34`; longer recordings need the longer form throughout. */
export function clock(seconds, total = seconds, decimals = 2) {
  if (!Number.isFinite(seconds)) return "–";
  if (total < 60) return `${seconds.toFixed(decimals)} s`;
  const sign = seconds < 0 ? "-" : "";
  const whole = Number(Math.abs(seconds).toFixed(decimals));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  const rest = (whole % 60).toFixed(decimals).padStart(decimals ? decimals + 3 : 2, "0");
  return total < 3600
    ? `${sign}${minutes}:${rest}`
    : `${sign}${hours}:${String(minutes).padStart(2, "0")}:${rest}`;
}

/** Write a length of time: `0.32 s`, `12 min 5 s`, `1 h 0 min`. */
export function length(seconds) {
  if (!Number.isFinite(seconds)) return "unknown";
  if (seconds < 10) return `${seconds.toFixed(2)} s`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor(whole / 60) % 60} min`;
}

/** `1 frame`, `2 frames`. */
export function count(number, one, many = `${one}s`) {
  return `${number.toLocaleString("en-GB")} ${number === 1 ? one : many}`;
}

/** A frame rate without needless zeros. */
export function rate(fps) {
  return fps > 0 ? `${Number(fps.toFixed(2))} frames/s` : "frame rate unknown";
}

/** A region's name as words: `brow_inner_left` becomes `brow inner left`. */
export function plain(name) {
  return String(name).replaceAll("_", " ");
}

const SIDES = { left: "L", right: "R" };

/** One action unit as our tables write it: `12RB`, `4`. */
export function auCode(unit) {
  return `${unit.au}${SIDES[unit.side] ?? ""}${unit.intensity ?? ""}`;
}

/** All action units of an expression as one code: `1B+2B`. */
export function auText(units) {
  return (units ?? [])
    .slice()
    .sort((a, b) => a.au - b.au)
    .map(auCode)
    .join("+");
}
