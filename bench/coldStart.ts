/**
 * The first image of a visit: from the press of "Generate" until it is shown, with the starter model (256 × 256, 6 steps),
 * the page and its files stored by an earlier visit, in a fresh browser each time. Measured in turn: pressed at once, and
 * after the person has looked at the page for a while, in which the model is loaded beforehand (src/host/warmUp.ts).
 * Writes bench/results/coldStart.md. Run by `npx tsx bench/coldStart.ts`, with nothing else at work; it ends within three
 * minutes. `ROUNDS=2` does fewer, and `BUILT=1` takes the build of the last time.
 */
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from '@playwright/test';
import { build, preview } from 'vite';
import { findBrowser } from '../test/support/pages/browser';
import { EditorPage } from '../test/support/pages/editorPage';
import { type Shown, type Stage, stagesOf, type Visit, visitsReport } from './coldStart/report';

const ROUNDS = Number(process.env.ROUNDS ?? 5);
/** How long a person looks before the press. */
const LOOKS = { 'at once': 0, 'after 8 s of looking': 8_000 } as const;
const PROMPT = 'a mushroom';
/** The page stores what the visit used some seconds after it was opened. */
const STORING_MS = 12_000;
/** For one image, also on a busy machine. */
const IMAGE_MS = 40_000;
/** For anything else that is waited for. */
const STEP_MS = 20_000;
/** No visit begins after this. */
const LAST_START_MS = 150_000;
/** Whatever happens, it is over. */
const END_MS = 178_000;

const began = performance.now();
setTimeout(() => {
  console.error(`not done within ${END_MS / 1000} s: given up`);
  process.exit(1);
}, END_MS).unref();

const folder = join('.cache', 'bench');
mkdirSync(folder, { recursive: true });
const outDir = join(folder, 'dist');
if (process.env.BUILT === undefined) await build({ logLevel: 'error', build: { outDir, emptyOutDir: true } });
const server = await preview({ logLevel: 'error', build: { outDir }, preview: { port: 0 } });
const origin = server.resolvedUrls?.local[0] ?? '';
const template = join(folder, 'coldStart-profile');

await makeTemplate();
const visits = new Map<string, Visit[]>(Object.keys(LOOKS).map((look) => [look, []]));
for (let round = 0; round < ROUNDS; round++) {
  for (const [look, ms] of Object.entries(LOOKS)) {
    if (performance.now() - began > LAST_START_MS) continue;
    const visit = await makeVisit(ms);
    visits.get(look)?.push(visit);
    console.log(
      `${look}: ${visit.firstMs.toFixed(0)} ms, CPU ${visit.firstCpuMs.toFixed(0)}; next ${visit.nextMs.toFixed(0)}, CPU ${visit.nextCpuMs.toFixed(0)}; load ${visit.load.toFixed(1)}`,
    );
  }
}
const machine = `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}`;
const report = visitsReport(visits, { machine, date: new Date().toISOString().slice(0, 10) });
writeFileSync('bench/results/coldStart.md', report);
console.log(report);
process.exit(0);

interface Opened {
  context: BrowserContext;
  page: Page;
  editor: EditorPage;
}

async function inBrowser<Result>(
  profile: string,
  work: (opened: Opened) => Promise<Result>,
): Promise<Result> {
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: findBrowser(),
    args: ['--no-sandbox'],
    viewport: { width: 1440, height: 900 },
    timeout: STEP_MS,
  });
  context.setDefaultTimeout(STEP_MS);
  const page = context.pages()[0] ?? (await context.newPage());
  // The compiler of this file gives functions their names through a helper.
  await page.addInitScript({ content: 'globalThis.__name = (named) => named;' });
  try {
    return await work({ context, page, editor: new EditorPage(page) });
  } finally {
    await within(STEP_MS, 'the end of the browser', context.close());
  }
}

/** A profile in which the page, ONNX Runtime and the starter model are stored, and nothing that a person did. */
async function makeTemplate(): Promise<void> {
  rmSync(template, { recursive: true, force: true });
  await inBrowser(template, async ({ context, page, editor }) => {
    await editor.open(origin);
    await editor.prompt.fill(PROMPT);
    await makeImage(page, editor);
    await page.waitForTimeout(STORING_MS);
    await page.goto(`${origin}favicon.svg`);
    const devtools = await context.newCDPSession(page);
    await devtools.send('Storage.clearDataForOrigin', {
      origin: new URL(origin).origin,
      storageTypes: 'indexeddb,local_storage,file_systems',
    });
  });
}

async function makeVisit(lookMs: number): Promise<Visit> {
  const profile = join(folder, 'coldStart-visit');
  rmSync(profile, { recursive: true, force: true });
  cpSync(template, profile, { recursive: true });
  const load = loadavg()[0] ?? 0;
  return inBrowser(profile, async ({ context, page, editor }) => {
    await editor.open(origin);
    await editor.prompt.fill(PROMPT);
    await page.waitForTimeout(lookMs);
    const before = await stages(page);
    const first = await withCpuTime(context, () => makeImage(page, editor));
    const after = await stages(page);
    const next = await withCpuTime(context, () => makeImage(page, editor));
    return {
      firstMs: first.value.shown - first.value.pressed,
      firstCpuMs: first.cpuMs,
      nextMs: next.value.shown - next.value.pressed,
      nextCpuMs: next.cpuMs,
      stages: stagesOf(first.value, before, after),
      nextStages: stagesOf(next.value, after, await stages(page)),
      load,
    };
  });
}

/** @returns when "Generate" was pressed and when the result was shown, both as the page sees them */
async function makeImage(page: Page, editor: EditorPage): Promise<Shown> {
  const shown = page.evaluate(
    () =>
      new Promise<{ pressed: number; shown: number }>((resolve) => {
        const image = () => document.querySelector<HTMLImageElement>('img[alt="Result"]');
        const before = image()?.src;
        let pressed: number | undefined;
        const look = () => {
          const now = image();
          const isNew = now !== null && now.src !== before && now.naturalWidth > 0;
          if (pressed !== undefined && isNew) {
            const { timeOrigin } = performance;
            resolve({ pressed: timeOrigin + pressed, shown: timeOrigin + performance.now() });
          } else setTimeout(look, 10);
        };
        const listen = (event: Event) => {
          pressed = event.timeStamp;
          look();
        };
        addEventListener('click', listen, { capture: true, once: true });
      }),
  );
  shown.catch(() => {});
  await editor.generate.click();
  return within(IMAGE_MS, 'an image', shown);
}

/**
 * What the engine's worker has measured so far. Only that one is asked: the runtime's threads wait without listening, and
 * never answer.
 */
async function stages(page: Page): Promise<Stage[]> {
  const engine = page.workers().find((worker) => /\/main-[\w-]+\.js/.test(worker.url()));
  if (engine === undefined) throw new Error('the engine’s worker was not found');
  const measures = engine.evaluate(() =>
    performance
      .getEntriesByType('measure')
      .filter(({ name }) => name.startsWith('inlay: '))
      .map(({ name, duration, startTime }) => ({
        name: name.slice(7),
        ms: duration,
        start: performance.timeOrigin + startTime,
      })),
  );
  return within(STEP_MS, 'the engine’s times', measures);
}

/** Also measures how long processors were at work for the browser meanwhile: other programs' work does not count. */
async function withCpuTime<Value>(context: BrowserContext, work: () => Promise<Value>) {
  const before = await cpuMs(context);
  const value = await work();
  return { value, cpuMs: (await cpuMs(context)) - before };
}

/** Of all the browser's processes since they were started. */
async function cpuMs(context: BrowserContext): Promise<number> {
  const browser = context.browser();
  if (browser === null) throw new Error('the browser has no process');
  const devtools = await browser.newBrowserCDPSession();
  const { processInfo } = await devtools.send('SystemInfo.getProcessInfo');
  await devtools.detach();
  return processInfo.reduce((sum, { cpuTime }) => sum + cpuTime * 1000, 0);
}

function within<Value>(ms: number, what: string, work: Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${what}: not within ${ms / 1000} s`)), ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
