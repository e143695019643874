/** The same presses in the built page's own worker, by its messages. */
import { readdirSync } from 'node:fs';
import sharp from 'sharp';
import type { MaskPart } from '../../src/contract/assist';
import type { Pixels } from '../../src/image/raster';
import { openBuiltPage } from '../builtPage';
import { type ClickSet, pressAt } from './clicks';

export interface BrowserAnswer {
  part: MaskPart | null;
  /** Of the answer alone. */
  ms: number;
  /** From sending an image that was not known to its first answer, the model's download and opening included. */
  firstMs: number | undefined;
}

export async function answersInBrowser({ clicks, images }: ClickSet): Promise<BrowserAnswer[]> {
  const { page, close } = await openBuiltPage(1200, 800);
  try {
    const scripts = readdirSync('.cache/bench/dist/assets');
    const script = scripts.find((name) => /^assistant-[\w-]+\.js$/.test(name));
    if (script === undefined) throw new Error('the built page has no worker of the assistant');
    const files: Record<string, string> = {};
    for (const [name, pixels] of images) files[name] = (await pngOf(pixels)).toString('base64');
    const asked = clicks.map((click) => {
      const pixels = images.get(click.image);
      if (!pixels) throw new Error(`${click.image} was not read`);
      return { image: click.image, selection: pressAt(click, pixels) };
    });
    const found = await page.evaluate(
      async ({ script, files, asked }) => {
        const worker = new Worker(new URL(`assets/${script}`, document.baseURI), { type: 'module' });
        worker.postMessage({ type: 'init', baseUrl: new URL('.', document.baseURI).href });
        const names = Object.keys(files);
        const answers = [];
        let sent = '';
        for (const [id, { image, selection }] of asked.entries()) {
          const number = names.indexOf(image);
          const isFirst = sent !== image;
          if (isFirst) {
            const bytes = Uint8Array.from(atob(files[image] ?? ''), (c) => c.charCodeAt(0));
            worker.postMessage({ type: 'image', image: number, file: new Blob([bytes]) });
          }
          sent = image;
          const from = performance.now();
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
          const firstMs = isFirst ? performance.now() - from : undefined;
          const { x = 0, y = 0, width = 0, height = 0, data = new Uint8Array() } = value ?? {};
          let text = '';
          for (let i = 0; i < data.length; i += 30_000)
            text += String.fromCharCode(...data.subarray(i, i + 30_000));
          answers.push({ x, y, width, height, data: btoa(text), ms: answerMs, firstMs });
        }
        worker.terminate();
        return answers;
      },
      { script, files, asked },
    );
    return found.map(({ ms, firstMs, data, ...place }) => ({
      ...{ ms, firstMs },
      part: place.width === 0 ? null : { ...place, data: new Uint8Array(Buffer.from(data, 'base64')) },
    }));
  } finally {
    await close();
  }
}

function pngOf({ width, height, data }: Pixels): Promise<Buffer> {
  return sharp(data, { raw: { width, height, channels: 4 } })
    .png()
    .toBuffer();
}
