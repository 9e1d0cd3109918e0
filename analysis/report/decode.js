// Blocks of learning curves, decoded when they are first shown: the steps of analysis/report/explorer.py, backwards.

const page = JSON.parse(document.getElementById("explorer-data").textContent);
const decoded = new Map();

/** The block of one data set, metric and budget (all by place): {values, configs, seeds, epochs, error}. */
function curvesOf(dataset, metric, budget) {
  const number = (dataset * page.metrics.length + metric) * page.budgets.length + budget;
  if (!decoded.has(number)) decoded.set(number, decode(number));
  return decoded.get(number);
}

async function decode(number) {
  const { shape, least, step, bend, error } = page.blocks[number];
  const [configs, seeds, epochs] = shape;
  const bytes = await inflate(document.getElementById(`block-${number}`).textContent);
  const runs = configs * seeds;
  const values = new Float64Array(runs * epochs); // of run r after epoch e: values[r * epochs + e]
  for (let run = 0; run < runs; run++) {
    let level = 0;
    for (let epoch = 0; epoch < epochs; epoch++) {
      const at = epoch * runs + run;
      const folded = bytes[at] | (bytes[runs * epochs + at] << 8);
      level += (folded >> 1) ^ -(folded & 1);
      const bent = level * step;
      values[run * epochs + epoch] = level === page.levels ? NaN : least + (bend ? bend * Math.expm1(bent) : bent);
    }
  }
  return { values, configs, seeds, epochs, error };
}

async function inflate(text) {
  const letters = atob(text), packed = new Uint8Array(letters.length);
  for (let place = 0; place < packed.length; place++) packed[place] = letters.charCodeAt(place);
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** One run's curve. */
function curveOf(block, config, seed) {
  const from = (config * block.seeds + seed) * block.epochs;
  return block.values.subarray(from, from + block.epochs);
}

/** Mean over seeds of a configuration's curve; NaN where a seed has no number. */
function meanCurve(block, config) {
  const mean = new Float64Array(block.epochs);
  for (let seed = 0; seed < block.seeds; seed++) {
    const curve = curveOf(block, config, seed);
    for (let epoch = 0; epoch < block.epochs; epoch++) mean[epoch] += curve[epoch] / block.seeds;
  }
  return mean;
}

/** Mean over seeds after the last epoch, for every configuration. */
function finals(block) {
  return Array.from({ length: block.configs }, (_, config) => {
    let sum = 0;
    for (let seed = 0; seed < block.seeds; seed++) sum += curveOf(block, config, seed)[block.epochs - 1];
    return sum / block.seeds;
  });
}
