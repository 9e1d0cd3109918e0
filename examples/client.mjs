// An optimizer in another language: mutate the best configuration so far, or draw a new one.
//   lcbench serve DIR --dataset NAME --budget 50evals --optimizer-name mutate --out study.parquet
import { createInterface } from "node:readline";

const rand = ((s) => () => (s = (s * 48271) % 2147483647) / 2147483647)(1);  // the same draws every time
const draw = {
  float: (p) => p.log ? p.lower * (p.upper / p.lower) ** rand() : p.lower + (p.upper - p.lower) * rand(),
  integer: (p) => Math.min(p.upper, Math.floor(draw.float({ ...p, upper: p.upper + 1 }))),
  categorical: (p) => p.choices[Math.floor(rand() * p.choices.length)],
  ordinal: (p) => draw.categorical(p),
};
let space, best = null;

for await (const text of createInterface({ input: process.stdin })) {
  const line = JSON.parse(text);
  if (line.type === "begin") [space, best] = [line.space, null];
  if (line.type === "result" && line.loss !== null && (best === null || line.loss < best.loss)) best = line;
  if (line.type === "error") throw new Error(line.message);
  if (line.type !== "ask") continue;
  const config = {};
  for (const part of space) {
    const kept = best !== null && rand() < 0.7;
    config[part.name] = kept ? best.config[part.name] : draw[part.type](part);
  }
  console.log(JSON.stringify({ config }));
}
