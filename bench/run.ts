/**
 * `npm run bench -- NAME [options]` runs a file of this folder by its name, e.g. `dispatches`; each says in its head what it
 * measures and takes. `npm run --silent bench -- NAME` leaves its output alone.
 */
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** Files beside the benchmarks that only help them. */
const HELPERS = ['run', 'builtPage', 'tracing', 'wasmBytes'];

const folder = fileURLToPath(new URL('.', import.meta.url));
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -'.ts'.length))
  .filter((name) => !HELPERS.includes(name))
  .sort();

const [name] = process.argv.splice(2, 1);
const file = `${folder}${name}.ts`;
if (name === undefined || !names.includes(name) || !existsSync(file)) {
  console.error(`npm run bench -- NAME [options], where NAME is one of ${names.join(', ')}`);
  process.exit(2);
}
await import(pathToFileURL(file).href);
