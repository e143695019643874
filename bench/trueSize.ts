/**
 * Models of true size, from the local hub through the browser to WebGPU sessions:
 * `tsx bench/trueSize.ts FAMILY STAGE … [--precision fp16|fp32] [--components a,b] [--provider webgpu|wasm] [--side 512]`, e.g.
 * `sd15-inpaint plain prepare graphs`. `graphs` checks every graph against the stored tensors and lets ONNX Runtime resolve
 * it without a weight; `sessions` makes sessions, and runs them on pictures of `side` pixels where it is given.
 * Appends what it measured to bench/results/true-size.json. Chromium keeps its profile in .cache/true-size between
 * calls, so that the sessions of one call find what another prepared; `clean` as a stage deletes it.
 *
 * The hub runs in a process of its own and serves bytes that it makes up; the adapter is SwiftShader unless
 * INLAY_ADAPTER names another.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { cpus, freemem, totalmem } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { chromium, type Page } from '@playwright/test';
import type { Precision, Provider } from '../src/graph/onnx/types';
import { findBrowser } from '../test/support/pages/browser';
import { startDevServer } from '../test/support/pages/devServer';
import { watchHeaps } from './trueSize/heap';
import type { Stage, StageOrder } from './trueSize/worker';

const root = fileURLToPath(new URL('..', import.meta.url));
const profile = `${root}.cache/true-size`;
const resultsPath = `${root}bench/results/true-size.json`;
/** The same in every call: a model is kept under the address that it came from, in the storage of the page's origin. */
const HUB_PORT = '8790';
const PAGE_PORT = 8791;
const networks = {
  sd: ['text_encoder', 'vae encoder', 'vae decoder', 'unet'],
  sdxl: ['text_encoder', 'text_encoder_2', 'vae encoder', 'vae decoder', 'unet'],
};

const args = process.argv.slice(2);
const option = (name: string): string | undefined => {
  const at = args.indexOf(`--${name}`);
  return at === -1 ? undefined : args.splice(at, 2)[1];
};
const precision = (option('precision') ?? 'fp16') as Precision;
const provider = (option('provider') ?? 'webgpu') as Provider;
const side = option('side');
const wanted = option('components')?.split(',');
const [family = 'sd15-inpaint', ...stages] = args;
const id = `bench/${family}`;
const components = wanted ?? (family.startsWith('sdxl') ? networks.sdxl : networks.sd);

async function startHub(): Promise<{ url: string; process: ChildProcess }> {
  const tsx = `${root}node_modules/tsx/dist/cli.mjs`;
  const child = spawn(process.execPath, [tsx, `${root}test/support/hub/main.ts`, `${id}=${family}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, PORT: HUB_PORT },
  });
  const [url] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return { url, process: child };
}

/** Bytes of the processes of this browser, by kind, as the system counts them. */
async function measure(page: Page, order: StageOrder) {
  const heaps = await watchHeaps(page);
  const free = freemem();
  try {
    const result = await page.evaluate((given) => window.trueSize?.(given), order);
    if (result === undefined) throw new Error('the page has no benchmark');
    return { ...result, heap: heaps.peak(), freeBefore: free };
  } finally {
    await heaps.stop();
  }
}

async function record(entry: Record<string, unknown>): Promise<void> {
  const before = await readFile(resultsPath, 'utf8').catch(() => '[]');
  const all = [...(JSON.parse(before) as unknown[]), entry];
  await mkdir(`${root}bench/results`, { recursive: true });
  await writeFile(resultsPath, `${JSON.stringify(all, null, 2)}\n`);
}

if (stages[0] === 'clean') {
  await rm(profile, { recursive: true, force: true });
  stages.shift();
}
if (stages.length > 0) {
  const hub = await startHub();
  const server = await startDevServer(PAGE_PORT);
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: findBrowser(),
    args: [
      '--no-sandbox',
      '--enable-unsafe-webgpu',
      `--use-webgpu-adapter=${process.env.INLAY_ADAPTER ?? 'swiftshader'}`,
    ],
  });
  try {
    const page = context.pages()[0] ?? (await context.newPage());
    page.on('console', (message) => console.log(`  ${message.text()}`));
    await page.goto(`${server.origin}bench/trueSize/index.html`);
    await page.waitForFunction(() => window.trueSize !== undefined);
    // Listed once before anything is timed: the hub computes its digests then.
    await fetch(`${hub.url}/api/models/${id}/tree/main?recursive=true`);
    // Times of one call belong together: other calls meet the machine in another state.
    const run = new Date().toISOString();
    let plainSeconds: number | undefined;
    for (const stage of stages as Stage[]) {
      const result = await measure(page, {
        stage,
        id,
        hubUrl: hub.url,
        precision,
        components,
        provider,
        ...(side !== undefined && { side: Number(side) }),
      });
      if (stage === 'plain') plainSeconds = result.seconds;
      const ratio =
        stage === 'prepare' && plainSeconds !== undefined ? result.seconds / plainSeconds : undefined;
      const entry = {
        run,
        date: new Date().toISOString(),
        family,
        stage,
        precision,
        ...(stage === 'sessions' && { provider, side: Number(side ?? 64) }),
        ...(ratio !== undefined && { ratioToPlain: ratio }),
        ...result,
        machine: `${cpus().length} × ${cpus()[0]?.model}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB`,
        browser: context.browser()?.version(),
      };
      console.log(JSON.stringify(entry));
      await record(entry);
    }
  } finally {
    await context.close();
    await server.close();
    hub.process.kill();
  }
}
