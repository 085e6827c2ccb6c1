// Fails the build when what the first page loads grows past its budget.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const BUDGET_KB = 300;
const dist = new URL('../dist/', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('.vite/manifest.json', dist), 'utf8'));
const entry = Object.values(manifest).find((chunk) => chunk.isEntry);
const seen = new Set();
const walk = (chunk) => {
  if (!chunk || seen.has(chunk.file)) return;
  seen.add(chunk.file);
  for (const name of chunk.imports ?? []) walk(manifest[name]);
};
walk(entry);
// The overview is what opens first; its own chunk counts too.
walk(manifest['src/pages/overview/Overview.tsx']);

let total = 0;
for (const file of [...seen].filter((name) => name.endsWith('.js'))) {
  const kb = gzipSync(readFileSync(new URL(file, dist))).length / 1000;
  total += kb;
  console.log(`${kb.toFixed(1).padStart(7)} kB  ${file}`);
}
console.log(`${total.toFixed(1).padStart(7)} kB  initial JavaScript, gzip (budget ${BUDGET_KB} kB)`);
if (total > BUDGET_KB) process.exit(1);
