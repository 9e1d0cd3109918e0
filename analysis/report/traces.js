// Optimizer traces side by side: one panel each, all on the same axes.

const SHARES = Array.from({ length: 200 }, (_, i) => 10 ** (-3 + (3 * i) / 199));

/** Regret of a run when so much of its limit was used; NaN before its first result. */
function regretAt(run, share) {
  let found = NaN;
  for (let i = 0; i < run.share.length && run.share[i] <= share; i++) found = run.regret[i];
  return found;
}

/** Median over seeds at each of SHARES; NaN until all have a result. One that never has any is worse than all others. */
function medians(runs) {
  return SHARES.map((share) => {
    const values = runs.map((run) => (run.regret.length ? regretAt(run, share) : Infinity)).sort((a, b) => a - b);
    if (values.some(Number.isNaN)) return NaN;
    const middle = values.length >> 1;
    return values.length % 2 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  });
}

/** Data sets of the study, in the table's order. */
const studied = () => page.datasets.filter((name) => page.traces.some((run) => run.dataset === name));

async function drawTraces(state) {
  if (!page.traces) return;
  const dataset = page.datasets[state.dataset], mine = page.traces.filter((run) => run.dataset === dataset);
  byId("traces-dataset").textContent = dataset;
  byId("traces-unit").textContent = page.unit;
  byId("panels").hidden = mine.length === 0;
  byId("traces-note").hidden = mine.length > 0;
  byId("traces-note").textContent = `The study has no run on ${dataset}; it has ${studied().join(", ")}.`;
  if (!mine.length) return;
  const names = [...new Set(page.traces.map((run) => run.optimizer))];
  const runs = new Map(names.map((name) => [name, mine.filter((run) => run.optimizer === name)]));
  const middle = new Map(names.map((name) => [name, medians(runs.get(name))]));
  const all = mine.flatMap((run) => run.regret).filter((value) => value > 0);
  const floor = all.length ? Math.min(...all) / 2 : 1e-6, top = all.length ? Math.max(...all) * 1.2 : 1;
  const first = Math.min(1, ...mine.flatMap((run) => run.share.slice(0, 1)).filter((share) => share > 0));
  panelsFor(names);
  for (const [place, name] of names.entries()) await drawPanel(place, name, { names, runs, middle, floor, top, first });
}

function panelsFor(names) {
  const panels = byId("panels");
  if (panels.childElementCount === names.length) return;
  panels.replaceChildren(...names.map((name, place) => {
    const card = Object.assign(document.createElement("div"), { className: "card" });
    card.appendChild(document.createElement("h3")).textContent = name;
    card.appendChild(Object.assign(document.createElement("div"), { className: "plot", id: `panel-${place}` }));
    return card;
  }));
}

/** A run's steps up to the end of the limit, zero at the floor of the logarithmic axis. */
function steps(run, colour, floor) {
  const last = run.regret.length - 1;
  const configs = run.config.map((id) => page.configs.indexOf(id));
  return {
    x: [...run.share, 1], y: [...run.regret, run.regret[last]].map((value) => Math.max(value, floor)), customdata: [...configs, configs[last]],
    mode: "lines", line: { color: colour, width: 1, shape: "hv" }, opacity: 0.5,
    hovertemplate: run.regret.map((value, i) => `seed ${run.seed}: regret ${short(value)} by #${run.config[i]}<extra></extra>`).concat(`seed ${run.seed}: regret ${short(run.regret[last])}<extra></extra>`),
  };
}

async function drawPanel(place, name, { names, runs, middle, floor, top, first }) {
  const colour = page.colours[name];
  const line = (values, style) => ({ x: SHARES, y: values.map((value) => Math.max(value, floor)), mode: "lines", hoverinfo: "skip", line: { shape: "hv", ...style } });
  const others = names.filter((other) => other !== name).map((other) => line(middle.get(other), { color: "#d3d9de", width: 1 }));
  const own = runs.get(name).filter((run) => run.regret.length).map((run) => steps(run, colour, floor));
  const axis = (low, high, text) => ({
    ...scaleOf([low, high], true), range: [Math.log10(low), Math.log10(high)], title: { text, font: { size: 11 }, standoff: 4 }, nticks: 5, automargin: false,
    exponentformat: low < 1e-3 ? "power" : "none", tickfont: { size: 10 },
  });
  const box = byId(`panel-${place}`);
  await Plotly.react(box, [...others, ...own, line(middle.get(name), { color: colour, width: 2.6 })], layout({
    xaxis: axis(first, 1, "share of the limit"), yaxis: axis(floor, top, "regret"),
    hovermode: "closest", margin: { l: 56, r: 8, t: 4, b: 38 },
  }), SETTINGS);
  box.removeAllListeners("plotly_click");
  box.on("plotly_click", ({ points: [point] }) => { if (point.customdata >= 0) keep(point.customdata); });
}
