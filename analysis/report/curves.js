// The learning curves of the configurations that are kept, and of the one pointed at.

const keptColour = (_, place) => page.palette[place % page.palette.length];

/** Thin lines, one per seed, in a single trace with gaps; and a thick one, their mean. */
function linesOf(block, config, colour, { dash = "solid", light = false } = {}) {
  const x = [], y = [];
  for (let seed = 0; seed < block.seeds; seed++) {
    curveOf(block, config, seed).forEach((value, epoch) => { x.push(epoch); y.push(value); });
    x.push(null);
    y.push(null);
  }
  const name = `#${page.configs[config]}`, line = { color: colour, dash };
  const mean = Array.from(meanCurve(block, config));
  const thin = { x, y, mode: "lines", hoverinfo: "skip", opacity: light ? 0.3 : 0.45, line: { ...line, width: 1 }, name };
  const thick = { x: mean.map((_, epoch) => epoch), y: mean, mode: "lines", line: { ...line, width: light ? 1.4 : 2.4 }, name,
    opacity: light ? 0.7 : 1, hovertemplate: `${name} after %{x}: %{y:.4~g}<extra></extra>` };
  return block.seeds > 1 ? [thin, thick] : [thick];
}

async function drawCurves(state) {
  const block = await curvesOf(state.dataset, state.metric, state.budget), metric = page.metrics[state.metric];
  const lines = [];
  if (state.pointed !== null && !state.kept.includes(state.pointed)) lines.push(...linesOf(block, state.pointed, GREY, { dash: "dot" }));
  for (const [place, config] of state.kept.entries()) {
    if (state.allBudgets)
      for (const budget of page.budgets.keys())
        if (budget !== state.budget) lines.push(...linesOf(await curvesOf(state.dataset, state.metric, budget), config, keptColour(config, place), { dash: "dash", light: true }));
    lines.push(...linesOf(block, config, keptColour(config, place)));
  }
  const values = lines.flatMap((line) => line.y).filter((value) => value !== null);
  const yaxis = { title: { text: withUnit(metric) }, ...scaleOf(values, metric.unit === "nats" && wideSpread(values)) };
  const empty = { text: "Click a point to see its learning curves", showarrow: false, xref: "paper", yref: "paper", x: 0.5, y: 0.5, font: { color: GREY, size: 14 } };
  await Plotly.react("curves", lines, layout({ xaxis: { title: { text: page.fidelity }, rangemode: "tozero" }, yaxis, hovermode: "closest", annotations: lines.length ? [] : [empty] }), SETTINGS);
  byId("curves-title").textContent = `Learning curves of ${state.kept.length} kept configuration${state.kept.length === 1 ? "" : "s"}`;
  byId("curves-note").textContent = `${block.seeds > 1 ? "Thin: one seed; thick: their mean; dotted" : "Dotted"} grey: the point under the pointer. Values are exact to ±${block.error.toPrecision(1)}${metric.unit === "nats" ? " nats" : ""}.`;
}

/** The table of the kept configurations. */
async function drawKept(state) {
  const block = await curvesOf(state.dataset, state.metric, state.budget), metric = page.metrics[state.metric];
  const head = ["", ...page.hyperparameters.map((each) => each.name), `${metric.label}: mean`, "each seed"];
  const rows = state.kept.map((config, place) => [
    { dot: keptColour(config, place), text: `#${page.configs[config]}`, button: "×", act: () => toggle(config) },
    ...page.hyperparameters.map((each) => ({ text: written(each, config), css: "number" })),
    { text: short(meanCurve(block, config)[block.epochs - 1]), css: "number" },
    { text: page.seeds.map((_, seed) => short(curveOf(block, config, seed)[block.epochs - 1])).join("  "), css: "number" },
  ]);
  const table = byId("kept");
  table.replaceChildren(row("th", head.map((text, place) => ({ text, css: place ? "number" : "" }))), ...rows.map((cells) => row("td", cells)));
  byId("clear").hidden = state.kept.length === 0;
}

function row(kind, cells) {
  const line = document.createElement("tr");
  for (const { text = "", css = "", dot, button, act } of cells) {
    const cell = line.appendChild(document.createElement(kind));
    cell.className = css;
    if (dot) cell.appendChild(Object.assign(document.createElement("span"), { className: "dot" })).style.background = dot;
    cell.append(text);
    if (button) cell.appendChild(Object.assign(document.createElement("button"), { type: "button", textContent: button, title: "let go", onclick: act }));
  }
  return line;
}
