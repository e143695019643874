/**
 * "Select object" against outlines drawn by hand (bench/select/masks.json): one press each, intersection over union, under Node
 * and in the built page's own worker in Chromium, and how far the two agree. The last figures are in bench/results/select.md.
 * Run by `npx tsx bench/select.ts --pictures DIR [--node]`: DIR is the folder `skimage/data` of the Python package scikit-image,
 * whose photographs are not copied here; with --node the browser is left out.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import type { AssistPoint, MaskPart, SelectionRequest } from '../src/contract/assist';
import type { Point, Size } from '../src/image/geometry';
import { createNodeAssistant, imageOfPixels } from '../src/node/assistant';
import { openBuiltPage } from './builtPage';

/** Of one press, and after a correcting one. */
const LEAST_MEAN = 0.8;
const LEAST_CORRECTED = 0.85;
const LEAST_AGREEMENT = 0.99;

interface Click {
  image: string;
  thing: string;
  at: Point;
  outline: readonly Point[];
}

const folder = process.argv[process.argv.indexOf('--pictures') + 1];
if (folder === undefined || !process.argv.includes('--pictures'))
  throw new Error('--pictures DIR is missing');
const pathOf = (image: string) =>
  [join('public/samples', image), join('test/pictures', image), join(folder, image)].find(existsSync) ??
  image;

const clicks = readClicks();
const sizes = new Map<string, Size>();
const underNode = await answersUnderNode();
const inBrowser = process.argv.includes('--node') ? undefined : await answersInBrowser();
report();

function readClicks(): Click[] {
  const { images } = JSON.parse(readFileSync('bench/select/masks.json', 'utf8')) as {
    images: Record<string, Record<string, { outline: string; clicks: string }>>;
  };
  const points = (text: string): Point[] =>
    text.split(' ').map((pair) => {
      const [x = 0, y = 0] = pair.split(',').map(Number);
      return { x, y };
    });
  return Object.entries(images).flatMap(([image, things]) =>
    Object.entries(things).flatMap(([thing, { outline, clicks }]) =>
      points(clicks).map((at) => ({ image, thing, at, outline: points(outline) })),
    ),
  );
}

function requestFor({ at, image }: Click): SelectionRequest {
  const { width, height } = sizes.get(image) ?? { width: 0, height: 0 };
  return { points: [{ ...at, include: true }], view: { x: 0, y: 0, width, height }, refines: false, grow: 0 };
}

interface Answer {
  part: MaskPart | null;
  ms: number;
  /** The score after one more press, where the first answer is furthest from the outline; only under Node. */
  corrected?: number;
}

async function answersUnderNode(): Promise<Answer[]> {
  const assistant = createNodeAssistant(Math.min(cpus().length, 2));
  const answers: Answer[] = [];
  let open: { name: string; image: ReturnType<typeof imageOfPixels> } | undefined;
  for (const click of clicks) {
    if (open?.name !== click.image) {
      const { data, info } = await sharp(pathOf(click.image))
        .toColourspace('srgb')
        .ensureAlpha()
        .raw()
        .toBuffer({ resolveWithObject: true });
      const { width, height } = info;
      sizes.set(click.image, { width, height });
      open = {
        name: click.image,
        image: imageOfPixels({ width, height, data: new Uint8ClampedArray(data) }),
      };
    }
    let from = performance.now();
    const part = await assistant.select(open.image, requestFor(click), ({ stage }) => {
      if (stage === 'answer') from = performance.now();
    });
    const ms = performance.now() - from;
    const first = requestFor(click);
    const again = { ...first, points: [...first.points, correctionOf(click, part)], refines: true };
    const corrected = scoreOf(click, await assistant.select(open.image, again, () => {}));
    answers.push({ part, ms, corrected });
    console.error(`${click.image} ${click.thing} ${scoreOf(click, part).toFixed(3)} ${corrected.toFixed(3)}`);
  }
  await assistant.dispose();
  return answers;
}

/** Asks the page's own worker, by its messages. */
async function answersInBrowser(): Promise<Answer[]> {
  const { page, close } = await openBuiltPage(1200, 800);
  try {
    const scripts = readdirSync('.cache/bench/dist/assets');
    const script = scripts.find((name) => /^assistant-[\w-]+\.js$/.test(name));
    if (script === undefined) throw new Error('the built page has no worker of the assistant');
    const files = Object.fromEntries(
      [...sizes.keys()].map((name) => [name, readFileSync(pathOf(name)).toString('base64')]),
    );
    const asked = clicks.map((click) => ({ image: click.image, selection: requestFor(click) }));
    const found = await page.evaluate(
      async ({ script, files, asked }) => {
        const worker = new Worker(new URL(`assets/${script}`, document.baseURI), { type: 'module' });
        worker.postMessage({ type: 'init', baseUrl: new URL('.', document.baseURI).href });
        const names = Object.keys(files);
        const answers: { x: number; y: number; width: number; height: number; data: string; ms: number }[] =
          [];
        let sent = '';
        for (const [id, { image, selection }] of asked.entries()) {
          const number = names.indexOf(image);
          if (sent !== image) {
            const bytes = Uint8Array.from(atob(files[image] ?? ''), (c) => c.charCodeAt(0));
            worker.postMessage({ type: 'image', image: number, file: new Blob([bytes]) });
          }
          sent = image;
          worker.postMessage({ type: 'call', id, request: { method: 'select', image: number, selection } });
          const { value, answerMs } = await new Promise<{
            value: { x: number; y: number; width: number; height: number; data: Uint8Array } | null;
            answerMs: number;
          }>((resolve, reject) => {
            worker.onmessage = ({ data }) => {
              if (data.type === 'result') resolve(data);
              else if (data.type === 'error') reject(new Error(data.error.message));
            };
          });
          const { x = 0, y = 0, width = 0, height = 0, data = new Uint8Array() } = value ?? {};
          let text = '';
          for (let i = 0; i < data.length; i += 30_000)
            text += String.fromCharCode(...data.subarray(i, i + 30_000));
          answers.push({ x, y, width, height, data: btoa(text), ms: answerMs });
        }
        worker.terminate();
        return answers;
      },
      { script, files, asked },
    );
    return found.map(({ ms, data, ...place }) => ({
      ms,
      part: place.width === 0 ? null : { ...place, data: new Uint8Array(Buffer.from(data, 'base64')) },
    }));
  } finally {
    await close();
  }
}

/** Pixels that are inside, by the mask's middle value. */
function pixelsOf(part: MaskPart | null, { width, height }: Size): Uint8Array {
  const inside = new Uint8Array(width * height);
  if (!part) return inside;
  for (let y = 0; y < part.height; y++) {
    for (let x = 0; x < part.width; x++) {
      if ((part.data[y * part.width + x] ?? 0) >= 128) inside[(part.y + y) * width + part.x + x] = 1;
    }
  }
  return inside;
}

/** Pixels whose middle lies within an outline, by the even-odd rule. */
function within(outline: readonly Point[], { width, height }: Size): Uint8Array {
  const inside = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const row = y + 0.5;
    const crossings = outline.flatMap((from, i) => {
      const to = outline[(i + 1) % outline.length] ?? from;
      return from.y <= row === to.y <= row
        ? []
        : [from.x + ((row - from.y) / (to.y - from.y)) * (to.x - from.x)];
    });
    crossings.sort((a, b) => a - b);
    for (let i = 0; i + 1 < crossings.length; i += 2) {
      const from = Math.max(0, Math.ceil((crossings[i] ?? 0) - 0.5));
      const to = Math.min(width, Math.ceil((crossings[i + 1] ?? 0) - 0.5));
      inside.fill(1, y * width + from, y * width + Math.max(from, to));
    }
  }
  return inside;
}

function overlap(a: Uint8Array, b: Uint8Array): number {
  let both = 0;
  let either = 0;
  for (let i = 0; i < a.length; i++) {
    both += (a[i] ?? 0) & (b[i] ?? 0);
    either += (a[i] ?? 0) | (b[i] ?? 0);
  }
  return either === 0 ? 1 : both / either;
}

/** Where a person would press next: in the middle of the largest part that is wrong. */
function correctionOf({ image, outline }: Click, part: MaskPart | null): AssistPoint {
  const size = sizes.get(image) ?? { width: 0, height: 0 };
  const [found, truth] = [pixelsOf(part, size), within(outline, size)];
  const { width, height } = size;
  const depth = new Int32Array(width * height);
  const at = (x: number, y: number) =>
    x < 0 || y < 0 || x >= width || y >= height ? 0 : (depth[y * width + x] ?? 0);
  // The distance to the nearest pixel that is right, in steps, by two passes.
  for (let i = 0; i < depth.length; i++) {
    const [x, y] = [i % width, Math.floor(i / width)];
    depth[i] = found[i] === truth[i] ? 0 : Math.min(at(x - 1, y), at(x, y - 1)) + 1;
  }
  let deepest = 0;
  for (let i = depth.length - 1; i >= 0; i--) {
    const [x, y] = [i % width, Math.floor(i / width)];
    if (depth[i] !== 0) depth[i] = Math.min(depth[i] ?? 0, Math.min(at(x + 1, y), at(x, y + 1)) + 1);
    if ((depth[i] ?? 0) > (depth[deepest] ?? 0)) deepest = i;
  }
  return { x: deepest % width, y: Math.floor(deepest / width), include: truth[deepest] === 1 };
}

function scoreOf({ image, outline }: Click, part: MaskPart | null): number {
  const size = sizes.get(image);
  return size ? overlap(pixelsOf(part, size), within(outline, size)) : 0;
}

function report(): void {
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const median = (values: number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
  const rows = clicks.map((click, i) => {
    const [node, browser] = [underNode[i], inBrowser?.[i]];
    const size = sizes.get(click.image) ?? { width: 0, height: 0 };
    return {
      ...click,
      node: scoreOf(click, node?.part ?? null),
      corrected: node?.corrected ?? 0,
      browser: browser && scoreOf(click, browser.part),
      same: browser && overlap(pixelsOf(node?.part ?? null, size), pixelsOf(browser.part, size)),
    };
  });
  const total = mean(rows.map(({ node }) => node));
  const corrected = mean(rows.map((row) => row.corrected));
  const agreements = rows.flatMap(({ same }) => (same === undefined ? [] : [same]));
  const cell = (value: number | undefined) => (value === undefined ? '–' : value.toFixed(3));
  const text = `# "Select object" against outlines drawn by hand

One press each on ${rows.length} places, intersection over union. Outlines and places: \`bench/select/masks.json\`, chosen before the
model was asked; photographs: the page's sample, a test's picture and those of scikit-image. Made by \`bench/select.ts\`.

| | Node | Chromium |
|---|---|---|
| mean | ${cell(total)} | ${cell(inBrowser && mean(rows.map(({ browser }) => browser ?? 0)))} |
| mean after one correcting press | ${cell(corrected)} | – |
| median | ${cell(median(rows.map(({ node }) => node)))} | ${cell(inBrowser && median(rows.map(({ browser }) => browser ?? 0)))} |
| an answer, median | ${Math.round(median(underNode.map(({ ms }) => ms)))} ms | ${inBrowser ? Math.round(median(inBrowser.map(({ ms }) => ms))) : '–'} ms |
${inBrowser ? `\nThe two agree to ${cell(mean(agreements))} on average, ${cell(Math.min(...agreements))} at least.\n` : ''}
A correcting press includes or excludes the middle of the largest part that is wrong. Where one press is far off, it took a
part of what was meant or what it is a part of: the cup instead of the coffee in it, the face instead of the nose.

| image | thing | press | Node | corrected | Chromium | agreement |
|---|---|---|---|---|---|---|
${rows.map(({ image, thing, at, node, corrected, browser, same }) => `| ${image} | ${thing} | ${at.x}, ${at.y} | ${cell(node)} | ${cell(corrected)} | ${cell(browser)} | ${cell(same)} |`).join('\n')}
`;
  writeFileSync('bench/results/select.md', text);
  console.log(text);
  if (total < LEAST_MEAN) throw new Error(`the mean is ${total.toFixed(3)}, less than ${LEAST_MEAN}`);
  if (corrected < LEAST_CORRECTED) throw new Error(`corrected, it is ${corrected.toFixed(3)}`);
  if (inBrowser && mean(agreements) < LEAST_AGREEMENT) throw new Error('Node and Chromium differ');
}
