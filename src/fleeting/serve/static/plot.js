/**
 * The one file that knows the plotting component (Plotly, served from its Python package).
 */
import { plain } from "./words.js";

/** Pixels beside the plot, the same for everything that is drawn over it. */
export const LEFT = 124;
export const RIGHT = 18;

const INK = "#333b42";
const SOFT = "#55606a";
const LINE = "#dde1e5";
const PURPLE = "#7a3d92";
// One hue from light to dark, as in the printed report; pale below a quarter of the scale.
const HEAT = [
  [0, "#ffffff"],
  [0.2, "#eef8f4"],
  [0.4, "#a6dbc8"],
  [0.6, "#66c2a3"],
  [0.8, "#2aa37e"],
  [1, "#04523b"],
];
const CONFIG = { displayModeBar: false, staticPlot: true, responsive: false };

let loading = null;

/** Fetch the plotting component once. */
export function loadPlotly() {
  loading ??= new Promise((done, fail) => {
    const script = document.createElement("script");
    script.src = "/vendor/plotly.min.js";
    script.onload = () => done(window.Plotly);
    script.onerror = () =>
      fail(
        new Error(
          "The plotting library did not load, so there are no curves: " +
            "install it with `pip install fleeting[serve]`. All else works.",
        ),
      );
    document.head.append(script);
  });
  return loading;
}

/** Lowest and highest of each bin one after the other at the bin's time: a line through all that was there. */
function zigzag(times, low, high) {
  const x = [];
  const y = [];
  times.forEach((time, i) => {
    x.push(time, time);
    y.push(low[i], high[i]);
  });
  return { x, y };
}

/** Curve and region signals over one stretch of time. */
export class SignalPlot {
  /** @param {HTMLElement} host @param {{small?: boolean}} [options] - `small`: the curve alone, without axes. */
  constructor(host, { small = false } = {}) {
    this.host = host;
    this.small = small;
    this.drawn = false;
    this.top = 0; // full scale of the regions' colours; 0 until the whole recording is known
  }

  /** Take the scale of colours from signals of the whole recording, so that zooming does not change it. */
  scaleTo(signals) {
    this.top = signals.regions?.length ? topOf(extents(signals.regions)) : 0;
  }

  /** Draw signals as the server sent them, with another tool's line where there is one, and show this stretch. */
  async draw(signals, view, extra = null) {
    const plotly = await loadPlotly();
    this.signals = signals;
    this.extra = extra;
    const traces = [this.curve(signals), ...(this.small ? [] : [...this.regions(signals), ...this.extras()])];
    await plotly.react(this.host, traces, this.layout(signals, view), CONFIG);
    this.drawn = true;
    this.host.dataset.points = String(signals.times.length);
  }

  /** Show another stretch of what was drawn. */
  setRange(view) {
    if (!this.drawn) return;
    const { clientWidth: width, clientHeight: height } = this.host;
    const { layout } = this.host;
    const size = layout.width !== width || layout.height !== height ? { width, height } : null;
    if (!this.small)
      window.Plotly.relayout(this.host, {
        "xaxis.range": [view.from, view.to],
        ...this.ticks(view),
        ...size, // where it is the same it would cost a drawing of all
      });
    else if (size) window.Plotly.relayout(this.host, size);
  }

  curve(signals) {
    const { x, y } = zigzag(signals.times, signals.curve.min, signals.curve.max);
    return {
      type: "scatter",
      mode: "lines",
      x,
      y,
      yaxis: "y",
      line: { color: INK, width: this.small ? 0.8 : 1.2 },
      hoverinfo: "skip",
    };
  }

  regions(signals) {
    if (!signals.regions?.length || !signals.times.length) return [];
    const z = extents(signals.regions);
    const y = signals.regions.map((_, i) => i);
    return [
      {
        type: "heatmap",
        ...columns(signals.times),
        y,
        z,
        yaxis: "y2",
        colorscale: HEAT,
        showscale: false,
        zmin: 0,
        zmax: this.top || topOf(z),
        hoverinfo: "skip",
      },
    ];
  }

  extras() {
    if (!this.extra) return [];
    const {
      times,
      columns: [column],
    } = this.extra;
    return [
      {
        type: "scatter",
        mode: "lines",
        ...zigzag(times, column.min, column.max),
        yaxis: "y3",
        line: { color: PURPLE, width: 1 },
        hoverinfo: "skip",
      },
    ];
  }

  extraLabel() {
    return this.extra
      ? [{ ...label(plain(this.extra.columns[0].name).slice(0, 16), 0.6), font: { color: PURPLE, size: 10 } }]
      : [];
  }

  layout(signals, view) {
    const rows = signals.regions ?? [];
    const axis = {
      fixedrange: true,
      zeroline: false,
      showgrid: false,
      showticklabels: false,
      ticks: "",
      automargin: false,
    };
    const common = {
      width: this.host.clientWidth,
      height: this.host.clientHeight,
      showlegend: false,
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { size: 11, color: SOFT, family: "inherit" },
    };
    if (this.small) {
      return {
        ...common,
        margin: { l: LEFT, r: RIGHT, t: 1, b: 1, pad: 0 },
        xaxis: { ...axis, range: [view.from, view.to] },
        yaxis: axis,
      };
    }
    const lines =
      signals.threshold === null || signals.threshold === undefined
        ? []
        : [
            {
              type: "line",
              xref: "paper",
              x0: 0,
              x1: 1,
              yref: "y",
              y0: signals.threshold,
              y1: signals.threshold,
              line: { color: "#6b757e", width: 1, dash: "dash" },
            },
          ];
    const split = rows.length ? [0.5, 0.46] : [0, 0];
    return {
      ...common,
      margin: { l: LEFT, r: RIGHT, t: 2, b: 20, pad: 0 },
      shapes: lines,
      annotations: [
        label("curve", (1 + split[0]) / 2),
        ...groups(rows, split[1], split[1] * (this.host.clientHeight - 22)),
        ...this.extraLabel(),
      ],
      xaxis: {
        ...axis,
        range: [view.from, view.to],
        showticklabels: true,
        showline: true,
        linecolor: "#aab1b8",
        showgrid: true,
        gridcolor: LINE,
        ticks: "outside",
        ticklen: 4,
        anchor: rows.length ? "y2" : "y",
        ...tickFormat(view),
      },
      yaxis: { ...axis, domain: [split[0], 1], rangemode: "tozero" },
      yaxis3: { ...axis, domain: [split[0], 1], overlaying: "y" },
      yaxis2: { ...axis, domain: [0, split[1]], autorange: "reversed" },
    };
  }

  ticks(view) {
    return Object.fromEntries(
      Object.entries(tickFormat(view)).map(([key, value]) => [`xaxis.${key}`, value]),
    );
  }
}

/** Columns of one width, where they are within half a column of it: such are drawn several times as fast. */
function columns(times) {
  const dx = (times.at(-1) - times[0]) / (times.length - 1);
  const even = times.length > 1 && times.every((time, i) => Math.abs(time - times[0] - i * dx) < dx / 2);
  return even ? { x0: times[0], dx } : { x: times };
}

function extents(regions) {
  return regions.map((region) => region.max.map((high, i) => extent(region.min[i], high)));
}

/** How far a signal was from rest in a bin; null where there was no face. */
function extent(low, high) {
  return low === null || high === null ? null : Math.max(Math.abs(low), Math.abs(high));
}

/** Full scale of the colours: 99.5 % of all that was measured stay below, so that one blink does not pale the rest. */
export function topOf(rows) {
  const all = rows
    .flat()
    .filter((value) => value > 0)
    .sort((a, b) => a - b);
  return all[Math.floor(all.length * 0.995)] || 1;
}

function label(text, y) {
  return {
    text,
    x: 0,
    xref: "paper",
    xanchor: "right",
    xshift: -8,
    y,
    yref: "paper",
    yanchor: "middle",
    showarrow: false,
  };
}

/** Names of the parts of the face beside the rows of their regions, as far as there is room for them. */
function groups(rows, height, pixels) {
  const runs = [];
  rows.forEach(({ name }, i) => {
    const part = plain(name).split(" ")[0];
    if (runs.at(-1)?.part === part) runs.at(-1).last = i;
    else runs.push({ part, first: i, last: i });
  });
  let below = -Infinity; // how far down names stand already: they must not overlap
  const named = [];
  for (const { part, first, last } of runs) {
    const middle = (first + last + 1) / 2 / rows.length;
    if ((middle - below) * pixels < 10) continue;
    below = middle;
    named.push({ ...label(part, height * (1 - middle)), font: { size: 9.5 } });
  }
  return named;
}

const STEPS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];

/** Round times as ticks, some ten of them, written as clocks write them. */
function tickFormat({ from, to }) {
  const step = STEPS.find((one) => (to - from) / one <= 12) ?? STEPS.at(-1);
  const tickvals = [];
  for (let n = Math.ceil(from / step); n * step <= to; n += 1) tickvals.push(n * step);
  return { tickmode: "array", tickvals, ticktext: tickvals.map((value) => tick(value, step, to)) };
}

function tick(value, step, to) {
  const decimals = step >= 1 ? 0 : step >= 0.1 ? 1 : 2;
  if (to < 60) return `${value.toFixed(decimals)} s`;
  const minutes = Math.floor(value / 60 + 1e-9);
  const rest = Math.max(value - 60 * minutes, 0)
    .toFixed(decimals)
    .padStart(decimals ? decimals + 3 : 2, "0");
  return minutes < 60
    ? `${minutes}:${rest}`
    : `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${rest}`;
}
