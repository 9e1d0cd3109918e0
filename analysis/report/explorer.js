// What is chosen, and who draws it. Choices come from the controls, from clicks and from the brush.

const state = { dataset: 0, metric: page.first, budget: page.budgets.length - 1, across: "h0", colour: 0, kept: [], pointed: null, brushed: null, allBudgets: false };

/** Draw one thing after the other; what is asked for while it is being drawn is drawn once, afterwards. */
let running = Promise.resolve();
const waiting = new Set();
function draw(...parts) {
  const idle = waiting.size === 0;
  parts.forEach((part) => waiting.add(part));
  if (idle) running = running.then(drawWaiting).catch(complain);
  return running;
}

async function drawWaiting() {
  const parts = [...waiting];
  waiting.clear();
  for (const part of parts) await part(state);
  document.body.dataset.draws = Number(document.body.dataset.draws || 0) + 1;
}

function complain(error) {
  byId("problem").hidden = false;
  byId("problem").textContent = `The explorer cannot draw this: ${error.message}`;
  console.error(error);
}

function toggle(config) {
  if (state.kept.includes(config)) state.kept = state.kept.filter((each) => each !== config);
  else state.kept = [...state.kept, config];
  return draw(drawParallel, drawScatter, drawCurves, drawKept);
}

function keep(config) {
  if (!state.kept.includes(config)) toggle(config);
}

/** The best and the middle configuration, so that there is something to see. */
async function keepSome() {
  const up = finals(await curvesOf(state.dataset, state.metric, state.budget));
  const sign = page.metrics[state.metric].goal === "maximize" ? -1 : 1;
  const ranked = [...up.keys()].filter((config) => Number.isFinite(up[config])).sort((a, b) => sign * (up[a] - up[b]));
  state.kept = [...new Set([ranked[0], ranked[ranked.length >> 1]])].filter((config) => config !== undefined);
}

function fill(id, choices, chosen, act) {
  const select = byId(id);
  select.replaceChildren(...choices.map(([value, text]) => new Option(text, value, false, String(value) === String(chosen))));
  select.addEventListener("change", () => act(select.value));
}

const numbered = (names) => names.map((name, place) => [place, name]);

function controls() {
  const everything = [drawParallel, drawScatter, drawCurves, drawKept];
  const set = (name, ...parts) => (value) => { state[name] = Number(value); draw(...parts); };
  fill("dataset", numbered(page.datasets), state.dataset, (value) => { state.dataset = Number(value); forget(); draw(...everything, drawTraces); });
  fill("metric", numbered(page.metrics.map(withUnit)), state.metric, (value) => { state.metric = Number(value); forget(); draw(...everything); });
  fill("budget", numbered(page.budgets.map((_, place) => epochs(place))), state.budget, (value) => { state.budget = Number(value); forget(); draw(...everything); });
  fill("across", acrossChoices(), state.across, (value) => { state.across = value; draw(drawScatter); });
  fill("colour", numbered(page.hyperparameters.map((each) => each.name)), state.colour, set("colour", drawScatter));
  byId("all-budgets").addEventListener("change", ({ target }) => { state.allBudgets = target.checked; draw(drawCurves); });
  byId("all-budgets").parentElement.hidden = page.budgets.length < 2;
  byId("clear").addEventListener("click", () => { state.kept = []; draw(drawParallel, drawScatter, drawCurves, drawKept); });
  byId("unbrush").addEventListener("click", () => { brushes.clear(); draw(drawParallel, drawScatter); });
}

/** A brush of the metric belongs to the values that were shown; those of hyperparameters stay. */
function forget() {
  brushes.delete(page.hyperparameters.length);
  state.pointed = null;
}

function listen() {
  const scatter = byId("scatter"), own = ({ points: [point] }) => (point && point.curveNumber === 0 ? point.pointNumber : null);
  scatter.on("plotly_click", (event) => { if (own(event) !== null) toggle(own(event)); });
  scatter.on("plotly_hover", (event) => { state.pointed = own(event); draw(drawCurves); });
  scatter.on("plotly_unhover", () => { state.pointed = null; draw(drawCurves); });
  listenToBrush(state, () => draw(drawParallel, drawScatter));
}

async function start() {
  const named = (name) => page.hyperparameters.findIndex((each) => each.name === name);
  if (page.traces) state.dataset = Math.max(0, page.datasets.indexOf(studied()[0])); // where there is most to see
  state.across = `h${Math.max(0, named("learning_rate"))}`;
  state.colour = Math.max(0, named("num_layers"));
  controls();
  await keepSome();
  await loadLibrary();
  await draw(drawParallel, drawScatter, drawCurves, drawKept);
  listen();
  document.body.dataset.drawn = Math.round(performance.now());
  if (document.readyState === "loading") await new Promise((done) => document.addEventListener("DOMContentLoaded", done));
  showFigures();
  if (page.traces) {
    document.querySelectorAll(".with-traces").forEach((each) => { each.hidden = false; });
    await draw(drawTraces);
  }
  document.body.dataset.ready = "yes";
}

window.lcbench = { page, state, curvesOf, curveOf, finals, toggle }; // for the browser's console
start().catch(complain);
