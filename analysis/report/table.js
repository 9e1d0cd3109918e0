// Words, numbers and axes that all charts share.

const byId = (id) => document.getElementById(id);
const FONT = { family: 'system-ui, "Segoe UI", "Helvetica Neue", Arial, sans-serif', size: 12, color: "#1b2530" };
const GREY = "#8a949e";
const SETTINGS = { displayModeBar: false, responsive: true };

/** Text from the folder for plotly.js, which would take angle brackets for markup. */
const plain = (text) => String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

/** A number in four significant digits. */
function short(value) {
  if (value === null || Number.isNaN(value)) return "none";
  if (value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e5)) return value.toExponential(2);
  return String(Number(value.toPrecision(4)));
}

/** The value of a hyperparameter (by its description) in a configuration, as text. */
function written(hyperparameter, config) {
  const value = hyperparameter.values[config];
  if (value === null) return "inactive";
  return hyperparameter.choices ? hyperparameter.choices[value] : short(value);
}

const withUnit = (metric) => `${metric.label} (${metric.unit})`;
const epochs = (budget) => `${page.budgets[budget]} ${page.fidelity}`;
const wideSpread = (values) => {
  const there = values.filter((value) => Number.isFinite(value) && value > 0);
  return there.length === values.filter(Number.isFinite).length && Math.max(...there) > 50 * Math.min(...there);
};

/** Scale of an axis for these values; where a logarithmic one spans much, its ticks are powers of ten. */
function scaleOf(values, log) {
  const there = values.filter((value) => Number.isFinite(value) && value > 0);
  return log ? { type: "log", ...(Math.max(...there) > 30 * Math.min(...there) ? { dtick: 1 } : {}) } : { type: "linear" };
}

/** A layout with this page's look. */
function layout(more) {
  const axis = { gridcolor: "#e8ecef", zeroline: false, linecolor: "#b9c2ca", automargin: true, exponentformat: "none", title: { standoff: 8 } };
  return {
    font: FONT, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", showlegend: false,
    margin: { l: 54, r: 14, t: 10, b: 44 }, hoverlabel: { bgcolor: "#ffffff", bordercolor: "#b9c2ca", font: FONT, align: "left" },
    ...more, xaxis: { ...axis, ...more.xaxis }, yaxis: { ...axis, ...more.yaxis },
  };
}

/** Where a logarithmic scale has its ticks: at 1, 2 and 5, or at powers of ten if that would be many. */
function logTicks(values) {
  const there = values.filter((value) => value !== null && value > 0);
  const low = Math.log10(Math.min(...there)), high = Math.log10(Math.max(...there));
  const steps = high - low > 2 ? [1] : [1, 2, 5];
  const ticks = [];
  for (let power = Math.floor(low); power <= Math.ceil(high); power++)
    for (const step of steps) ticks.push(step * 10 ** power);
  const inside = ticks.filter((tick) => Math.log10(tick) >= low - 1e-9 && Math.log10(tick) <= high + 1e-9);
  return { tickvals: inside.map(Math.log10), ticktext: inside.map(short) };
}
