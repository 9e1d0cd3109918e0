// The scatter of configurations: what is across, what is up, and their colours.

/** What can stand across: each hyperparameter, what a run costs, and the metric at each other budget. */
function acrossChoices() {
  const own = page.hyperparameters.map((each, place) => [`h${place}`, each.name]);
  return [...own, ["seconds", `${page.cost} of the run`], ...page.budgets.map((_, place) => [`b${place}`, `metric after ${epochs(place)}`])];
}

/** Values, title and axis settings of what stands across. */
async function acrossOf(state) {
  const place = Number(state.across.slice(1));
  if (state.across === "seconds") {
    const values = page.seconds[state.dataset][state.budget];
    return { values, axis: { title: { text: `${page.cost} of the run` }, ...scaleOf(values, wideSpread(values)) } };
  }
  if (state.across.startsWith("b")) {
    const values = finals(await curvesOf(state.dataset, state.metric, place));
    return { values, axis: { title: { text: `${page.metrics[state.metric].label} after ${epochs(place)}` }, ...scaleOf(values, wideSpread(values)) } };
  }
  const each = page.hyperparameters[place];
  const axis = { title: { text: plain(each.name) }, ...scaleOf(each.values, each.log) };
  if (each.choices) Object.assign(axis, { tickvals: each.choices.map((_, i) => i), ticktext: each.choices.map(plain) });
  return { values: each.values, axis };
}

/** Colours of the points after a hyperparameter; on its own scale. */
function colours(place) {
  const each = page.hyperparameters[place];
  const bar = { title: { text: plain(each.name), side: "right", font: { size: 11 } }, thickness: 10, outlinewidth: 0, tickfont: { size: 10 } };
  const distinct = [...new Set(each.values.filter(Number.isFinite))];
  if (each.log) Object.assign(bar, logTicks(each.values));
  else if (distinct.length <= 6) Object.assign(bar, { tickvals: distinct, ticktext: distinct.map(short) });
  if (each.choices) Object.assign(bar, { tickvals: each.choices.map((_, i) => i), ticktext: each.choices.map(plain) });
  return { color: each.values.map((value) => (value !== null && each.log ? Math.log10(value) : value)), colorscale: page.scale.map((colour, place) => [place / (page.scale.length - 1), colour]), colorbar: bar };
}

function hoverText(config, value, metric) {
  const rows = page.hyperparameters.map((each) => `${plain(each.name)}  ${plain(written(each, config))}`);
  return [`<b>#${page.configs[config]}</b>  ${metric.label} ${short(value)}`, ...rows].join("<br>");
}

async function drawScatter(state) {
  const block = await curvesOf(state.dataset, state.metric, state.budget);
  const across = await acrossOf(state);
  const metric = page.metrics[state.metric], up = finals(block);
  const shown = up.filter(Number.isFinite).length;
  const points = {
    x: across.values, y: up, mode: "markers", type: "scatter", hoverinfo: "text",
    text: up.map((value, config) => hoverText(config, value, metric)),
    marker: { size: up.length > 800 ? 5 : 8, opacity: 0.9, line: { width: 0.5, color: "#ffffff" }, ...colours(state.colour) },
    selectedpoints: state.brushed, unselected: { marker: { opacity: 0.08 } },
  };
  const kept = {
    x: state.kept.map((config) => across.values[config]), y: state.kept.map((config) => up[config]),
    mode: "markers", type: "scatter", hoverinfo: "skip",
    marker: { size: 15, symbol: "circle-open", color: state.kept.map(keptColour), line: { width: 2.5 } },
  };
  const yaxis = { title: { text: withUnit(metric) }, ...scaleOf(up, wideSpread(up)) };
  await Plotly.react("scatter", [points, kept], layout({ xaxis: across.axis, yaxis, hovermode: "closest" }), SETTINGS);
  byId("scatter-title").textContent = `${page.datasets[state.dataset]} after ${epochs(state.budget)}`;
  byId("scatter-note").textContent = scatterNote(state, up.length, shown);
}

function scatterNote(state, all, shown) {
  const lacking = all - shown, inside = state.brushed && state.brushed.length;
  const parts = [`${shown} configurations, ${page.seeds.length > 1 ? `mean over ${page.seeds.length} seeds` : "one seed"}.`];
  if (lacking) parts.push(`${lacking} without a number (a run diverged or is missing) are not drawn.`);
  if (state.brushed) parts.push(`${inside} inside the brush.`);
  return parts.join(" ");
}
