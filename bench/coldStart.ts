/**
 * The first picture of a visit: from the press of "Generate" until it is shown, with the starter model (256 × 256, 6 steps),
 * the page and its files stored by an earlier visit, in a fresh browser each time. Measured in turn: pressed at once, and
 * after the person has looked at the page for a while, in which the model is loaded beforehand (src/host/warmUp.ts).
 * Writes bench/results/coldStart.md. Run by `npx tsx bench/coldStart.ts`, with nothing else at work.
 */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from '@playwright/test';
import { build, preview } from 'vite';
import { findBrowser } from '../test/support/pages/browser';
import { EditorPage } from '../test/support/pages/editorPage';

const ROUNDS = Number(process.env.ROUNDS ?? 5);
/** How long a person looks before the press. */
const LOOKS = { 'at once': 0, 'after 8 s of looking': 8_000 } as const;
type Look = keyof typeof LOOKS;
const PROMPT = 'a mushroom';
/** The page stores what the visit used some seconds after it was opened. */
const STORING_MS = 14_000;

interface Visit {
  pressToPicture: number;
  /** What was done from the press on, in milliseconds, in order. */
  stages: Map<string, number>;
  /** The same again in the same visit. */
  nextPicture: number;
  /** What was done before the press, and how long it took in all. */
  beforehand: number;
  /** Of all the browser's processes, in bytes, before and after the look. */
  memory: readonly [number, number];
  load: number;
}

const folder = join('.cache', 'bench');
mkdirSync(folder, { recursive: true });
const outDir = join(folder, 'dist');
await build({ logLevel: 'error', build: { outDir, emptyOutDir: true } });
const server = await preview({ logLevel: 'error', build: { outDir }, preview: { port: 0 } });
const origin = server.resolvedUrls?.local[0] ?? '';
const template = join(folder, 'coldStart-profile');

try {
  await makeTemplate();
  const visits = new Map<Look, Visit[]>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const look of Object.keys(LOOKS) as Look[]) {
      const visit = await makeVisit(LOOKS[look]);
      visits.set(look, [...(visits.get(look) ?? []), visit]);
      console.log(look, line(visit));
    }
  }
  writeFileSync('bench/results/coldStart.md', report(visits));
} finally {
  await server.close();
}

async function launch(profile: string): Promise<{ context: BrowserContext; page: Page; editor: EditorPage }> {
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: findBrowser(),
    args: ['--no-sandbox'],
    viewport: { width: 1440, height: 900 },
  });
  const page = context.pages()[0] ?? (await context.newPage());
  // The compiler of this file gives functions their names through a helper.
  await page.addInitScript({ content: 'globalThis.__name = (named) => named;' });
  return { context, page, editor: new EditorPage(page) };
}

/** A profile in which the page, ONNX Runtime and the starter model are stored, and nothing that a person did. */
async function makeTemplate(): Promise<void> {
  rmSync(template, { recursive: true, force: true });
  const { context, page, editor } = await launch(template);
  await editor.open(origin);
  await editor.prompt.fill(PROMPT);
  await picture(page, editor);
  await page.waitForTimeout(STORING_MS);
  await page.goto(`${origin}favicon.svg`);
  const devtools = await context.newCDPSession(page);
  await devtools.send('Storage.clearDataForOrigin', {
    origin: new URL(origin).origin,
    storageTypes: 'indexeddb,local_storage,file_systems',
  });
  await context.close();
}

async function makeVisit(lookMs: number): Promise<Visit> {
  const profile = join(folder, 'coldStart-visit');
  rmSync(profile, { recursive: true, force: true });
  cpSync(template, profile, { recursive: true });
  const load = loadavg()[0] ?? 0;
  const { context, page, editor } = await launch(profile);
  try {
    await editor.open(origin);
    await editor.prompt.fill(PROMPT);
    const before = await memory(context);
    if (lookMs > 0) await page.waitForTimeout(lookMs);
    const after = await memory(context);
    const pressed = await engineMeasures(page);
    const pressToPicture = await picture(page, editor);
    const known = new Set(pressed.map(([name, , start]) => `${name} ${start}`));
    const measures = (await engineMeasures(page)).filter(([name, , start]) => !known.has(`${name} ${start}`));
    const stages = new Map(measures.map(([name, ms]) => [name, ms]));
    const beforehand = pressed.reduce((sum, [, ms]) => sum + ms, 0);
    return {
      pressToPicture,
      stages,
      nextPicture: await picture(page, editor),
      beforehand,
      memory: [before, after],
      load,
    };
  } finally {
    await context.close();
  }
}

/** @returns milliseconds from the press until the result is shown, both as the page sees them */
async function picture(page: Page, editor: EditorPage): Promise<number> {
  const shown = page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        const image = () => document.querySelector<HTMLImageElement>('img[alt="Result"]');
        const before = image()?.src;
        let pressed: number | undefined;
        addEventListener(
          'click',
          (event) => {
            pressed = event.timeStamp;
          },
          { capture: true, once: true },
        );
        const look = () => {
          const now = image();
          if (pressed !== undefined && now && now.src !== before && now.naturalWidth > 0)
            resolve(performance.now() - pressed);
          else setTimeout(look, 10);
        };
        look();
      }),
  );
  await editor.generate.click();
  return shown;
}

/** What the engine's worker has measured so far: name, milliseconds, and when it began. */
async function engineMeasures(page: Page): Promise<[string, number, number][]> {
  const entries = page.workers().map((worker) =>
    worker.evaluate(() =>
      performance
        .getEntriesByType('measure')
        .filter(({ name }) => name.startsWith('inlay: '))
        .map(({ name, duration, startTime }): [string, number, number] => [
          name.slice('inlay: '.length),
          duration,
          startTime,
        ]),
    ),
  );
  return (await Promise.all(entries)).flat();
}

/** Of the renderers together, as the system counts them (Linux). */
async function memory(context: BrowserContext): Promise<number> {
  const browser = context.browser();
  const devtools = await (browser
    ? browser.newBrowserCDPSession()
    : context.newCDPSession(context.pages()[0] as Page));
  const { processInfo } = await devtools.send('SystemInfo.getProcessInfo').catch(() => ({ processInfo: [] }));
  return processInfo
    .filter(({ type }: { type: string }) => type === 'renderer')
    .map(
      ({ id }: { id: number }) =>
        /VmRSS:\s*(\d+) kB/.exec(readFileSync(`/proc/${id}/status`, 'utf8'))?.[1] ?? '0',
    )
    .reduce((sum: number, kilobytes: string) => sum + Number(kilobytes) * 1024, 0);
}

function line({ pressToPicture, nextPicture, beforehand, load, stages, memory: [from, to] }: Visit): string {
  const each = [...stages].map(([name, ms]) => `${name} ${Math.round(ms)}`).join(', ');
  return `${Math.round(pressToPicture)} ms (next ${Math.round(nextPicture)}; beforehand ${Math.round(beforehand)}; memory ${Math.round((to - from) / 1e6)} MB more; load ${load.toFixed(2)}): ${each}`;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}

function report(visits: ReadonlyMap<Look, readonly Visit[]>): string {
  const rows = [...visits].map(([look, each]) => {
    const of = (pick: (visit: Visit) => number) => each.map(pick);
    const grown = median(of(({ memory: [from, to] }) => to - from)) / 1e6;
    return `| ${look} | **${seconds(median(of(({ pressToPicture }) => pressToPicture)))}** | ${of(
      ({ pressToPicture }) => pressToPicture,
    )
      .map(seconds)
      .join(
        ', ',
      )} | ${seconds(median(of(({ nextPicture }) => nextPicture)))} | ${Math.round(grown)} MB | ${of(
      ({ load }) => load,
    )
      .map((load) => load.toFixed(1))
      .join(', ')} |`;
  });
  const names = [...new Set([...visits.values()].flat().flatMap(({ stages }) => [...stages.keys()]))];
  const stageRows = names.map(
    (name) =>
      `| ${name} | ${[...visits.values()].map((each) => Math.round(median(each.map(({ stages }) => stages.get(name) ?? 0)))).join(' | ')} |`,
  );
  const looks = [...visits.keys()];
  return `# The first picture of a visit

Made by \`npx tsx bench/coldStart.ts\` on ${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}; starter model, 256 × 256, 6 steps, the page and its
files stored by an earlier visit, a fresh browser each time. Seconds from the press to the picture. The load is the machine's
average over the minute before: above 1, others were at work and the figures are upper bounds.

| pressed | median | each | next picture | memory meanwhile | load |
|---|---|---|---|---|---|
${rows.join('\n')}

Milliseconds of the stages from the press on, medians (a session's stage is part of \`load\`, \`text\`, \`encode\` or \`decode\`; the
first session also compiles ONNX Runtime and starts its threads):

| stage | ${looks.join(' | ')} |
|---|${looks.map(() => '---').join('|')}|
${stageRows.join('\n')}
`;
}
