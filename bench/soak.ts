/**
 * Memory after many runs in a row: `tsx bench/soak.ts [runs]` (200). First with one model, then with all tiny golden
 * models in turn, so that every run closes one and opens another; each phase runs in its own process, on the server's
 * host. Prints memory every 20 runs, after garbage collection, and appends to bench/results/soak.json.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { localOptionsSchema } from '../src/contract/schema';
import { wasmBytes } from './wasmBytes';

type Phase = 'one model' | 'models in turn';

interface Row {
  runs: number;
  /** In megabytes: the whole process, the JavaScript heap, buffers outside it, and WASM memory (which never shrinks). */
  rss: number;
  heap: number;
  external: number;
  wasm: number;
}

const root = fileURLToPath(new URL('../', import.meta.url));
const resultsPath = join(root, 'bench/results/soak.json');
const EVERY = 20;

const [first, second] = process.argv.slice(2);
if (first === 'one model' || first === 'models in turn') {
  await runPhase(first, Number(second));
} else {
  const runs = Number(first ?? 200);
  const phases: Partial<Record<Phase, Row[]>> = {};
  for (const phase of ['one model', 'models in turn'] as const) {
    console.log(`${phase}, ${runs} runs (megabytes)`);
    const { stdout, status } = spawnSync(
      process.execPath,
      ['--import', 'tsx', fileURLToPath(import.meta.url), phase, String(runs)],
      { cwd: root, stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' },
    );
    if (status !== 0) process.exit(1);
    phases[phase] = JSON.parse(stdout);
  }
  const machine = `${cpus().length} × ${cpus()[0]?.model}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB`;
  const before: unknown[] = existsSync(resultsPath) ? JSON.parse(readFileSync(resultsPath, 'utf8')) : [];
  const report = { date: new Date().toISOString(), machine, node: process.version, phases };
  writeFileSync(resultsPath, `${JSON.stringify([...before, report], null, 2)}\n`);
}

/** Prints each row to standard error, and all of them as JSON to standard output at the end. */
async function runPhase(phase: Phase, runs: number): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const { createPaintHost } = await import('../src/node/server/painting/paintHost');
  const models = readdirSync(join(root, 'goldens/models'));
  const folders = Object.fromEntries(models.map((name) => [name, join(root, 'goldens/models', name)]));
  const used = phase === 'one model' ? ['sd15-inpaint'] : models;
  const host = createPaintHost({ threads: 1, folders, hubUrl: 'http://127.0.0.1:1' });
  const pictureOf = (name: string) => new Blob([readFileSync(join(root, 'goldens/pictures', name))]);
  const rows: Row[] = [];
  const measure = async (count: number): Promise<void> => {
    // The second collection frees what finalizers released.
    for (let round = 0; round < 2; round++) {
      collectGarbage();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const { rss, heapUsed, external } = process.memoryUsage();
    const mb = (bytes: number) => Math.round(bytes / 1e5) / 10;
    const row = {
      runs: count,
      rss: mb(rss),
      heap: mb(heapUsed),
      external: mb(external),
      wasm: mb(wasmBytes()),
    };
    rows.push(row);
    console.error(
      `${String(count).padStart(4)}: rss ${row.rss}, heap ${row.heap}, external ${row.external}, wasm ${row.wasm}`,
    );
  };
  for (let run = 0; run < runs; run++) {
    await host.inpaint(
      {
        model_name: used[run % used.length] ?? '',
        // A different prompt every time, so that no cache is hit.
        prompt: `a photo of cat number ${run}`,
        negative_prompt: '',
        image_url: pictureOf('input-64x64.png'),
        mask_url: pictureOf('mask-64x64.png'),
        num_inference_steps: 2,
        guidance_scale: 7.5,
        seed: run,
      },
      localOptionsSchema.parse({}),
      { signal: new AbortController().signal, onProgress: () => {} },
    );
    if ((run + 1) % EVERY === 0) await measure(run + 1);
  }
  console.log(JSON.stringify(rows));
  process.exit(0);
}
