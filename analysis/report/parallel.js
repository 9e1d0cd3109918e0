// Parallel coordinates on a canvas: every hyperparameter and the metric, one line per configuration. Dragging along an
// axis brushes: configurations outside fade here and in the scatter. A canvas because plotly.js draws these with WebGL,
// which takes seconds where there is no graphics card and fails where there is no WebGL.

const TOP = 46, BOTTOM = 16, SIDE = 64, NEAR = 22;
const brushes = new Map(); // from place of an axis to [low, high], as shares of it
let axes = [], lines = [];

/** One axis: where each configuration stands on it as a share, null if nowhere, and its ticks. */
function axisOf(each) {
  const scale = each.log ? Math.log10 : (value) => value;
  const there = each.values.filter(Number.isFinite).map(scale);
  const low = Math.min(...there), span = Math.max(...there) - low || 1, lacks = each.values.includes(null);
  const share = (value) => (lacks ? 0.1 : 0) + (lacks ? 0.9 : 1) * ((scale(value) - low) / span);
  const shares = each.values.map((value) => (value === null ? 0 : Number.isFinite(value) ? share(value) : null));
  const ticks = ticksOf(each, there).map(([value, text]) => [share(value), text]).filter(([at]) => at > -0.01 && at < 1.01);
  return { name: each.name, shares, ticks: lacks ? [[0, "inactive"], ...ticks] : ticks };
}

/** Values and texts of an axis's ticks. */
function ticksOf(each, there) {
  if (each.choices) return each.choices.map((text, place) => [place, text]);
  const values = each.values.filter(Number.isFinite), distinct = new Set(values);
  if (distinct.size <= 6) return [...distinct].map((value) => [value, short(value)]);
  if (each.log) return logTicks(values).tickvals.map((power) => [10 ** power, short(10 ** power)]);
  const low = Math.min(...there), span = Math.max(...there) - low, rough = 10 ** Math.floor(Math.log10(span / 4));
  const step = [1, 2, 5, 10].map((factor) => factor * rough).find((size) => span / size <= 6);
  const first = Math.ceil(low / step - 1e-9);
  return Array.from({ length: 7 }, (_, i) => (first + i) * step).filter((value) => value <= low + span * 1.0001).map((value) => [value, short(value)]);
}

async function drawParallel(state) {
  const metric = page.metrics[state.metric], up = finals(await curvesOf(state.dataset, state.metric, state.budget));
  axes = [...page.hyperparameters, { name: metric.label, log: wideSpread(up), choices: null, values: up }].map(axisOf);
  const good = metric.goal === "maximize" ? 1 : -1, last = axes.at(-1).shares;
  lines = [...up.keys()].filter((config) => last[config] !== null).sort((a, b) => good * (last[a] - last[b]));
  state.brushed = insideBrushes();
  paintParallel(state);
}

/** Configurations inside every brush; null if there is none. */
function insideBrushes() {
  if (!brushes.size) return null;
  const inside = (config) => [...brushes].every(([place, [low, high]]) => axes[place].shares[config] >= low && axes[place].shares[config] <= high);
  return lines.filter(inside);
}

const canvas = byId("parallel");
const across = (place) => SIDE + (place * (canvas.clientWidth - 2 * SIDE)) / (axes.length - 1);
const down = (share) => TOP + (1 - share) * (canvas.clientHeight - TOP - BOTTOM);

function paintParallel(state) {
  const sharp = window.devicePixelRatio || 1, pen = canvas.getContext("2d");
  canvas.width = canvas.clientWidth * sharp;
  canvas.height = canvas.clientHeight * sharp;
  pen.scale(sharp, sharp);
  const inside = new Set(state.brushed || lines);
  for (const config of lines) if (!inside.has(config)) paintLine(pen, config, "#d5dade", 1, 0.35);
  const last = axes.at(-1).shares, dense = inside.size > 800 ? 0.25 : 0.6;
  lines.forEach((config, rank) => { if (inside.has(config)) paintLine(pen, config, viridis(rank / lines.length), 1.2, dense); });
  state.kept.forEach((config, place) => { if (last[config] !== null) paintLine(pen, config, keptColour(config, place), 3, 1); });
  axes.forEach((axis, place) => paintAxis(pen, axis, place));
}

function paintLine(pen, config, colour, width, opacity) {
  Object.assign(pen, { strokeStyle: colour, lineWidth: width, globalAlpha: opacity });
  pen.beginPath();
  axes.forEach((axis, place) => pen.lineTo(across(place), down(axis.shares[config])));
  pen.stroke();
  pen.globalAlpha = 1;
}

function paintAxis(pen, axis, place) {
  const x = across(place), brush = brushes.get(place), last = place === axes.length - 1;
  Object.assign(pen, { strokeStyle: "#5b6875", lineWidth: 1, lineJoin: "round", textBaseline: "middle", textAlign: "center" });
  pen.strokeRect(x, down(1), 0, down(0) - down(1));
  if (brush) {
    pen.fillStyle = "rgba(0, 114, 178, 0.3)";
    pen.fillRect(x - 7, down(brush[1]), 14, Math.max(2, down(brush[0]) - down(brush[1])));
  }
  label(pen, axis.name, x, 16, `${last ? "700 " : "600 "}12px ${FONT.family}`);
  pen.textAlign = "left";
  for (const [share, text] of axis.ticks) label(pen, text, x + 5, down(share), `10.5px ${FONT.family}`);
}

/** Text that can be read on top of lines. */
function label(pen, text, x, y, font) {
  Object.assign(pen, { font, strokeStyle: "rgba(255, 255, 255, 0.85)", lineWidth: 3.5, fillStyle: FONT.color });
  pen.strokeText(text, x, y);
  pen.fillText(text, x, y);
}

/** A colour of the page's scale; share in [0, 1]. */
function viridis(share) {
  return page.scale[Math.min(page.scale.length - 1, Math.round(share * (page.scale.length - 1)))];
}

/** Brush by dragging; a click on an axis takes its brush away. */
function listenToBrush(state, changed) {
  let place = null, from = 0;
  const share = (event) => Math.min(1, Math.max(0, 1 - (event.offsetY - TOP) / (canvas.clientHeight - TOP - BOTTOM)));
  const nearest = (event) => axes.findIndex((_, each) => Math.abs(event.offsetX - across(each)) < NEAR);
  canvas.addEventListener("pointerdown", (event) => {
    if (nearest(event) < 0) return;
    [place, from] = [nearest(event), share(event)];
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    canvas.style.cursor = nearest(event) < 0 ? "default" : "ns-resize";
    if (place === null) return;
    brushes.set(place, [Math.min(from, share(event)), Math.max(from, share(event))]);
    state.brushed = insideBrushes();
    paintParallel(state);
  });
  const end = (event) => {
    if (place === null) return;
    if (Math.abs(share(event) - from) < 0.01) brushes.delete(place);
    place = null;
    changed();
  };
  canvas.addEventListener("pointerup", end);
  canvas.addEventListener("pointercancel", end);
  new ResizeObserver(() => paintParallel(state)).observe(canvas);
}
