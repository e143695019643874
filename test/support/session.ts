/** A page session in plain memory, with a fake engine whose results are one grey. */

import type { Call, Engine } from '../../src/contract/engine';
import type { InpaintRequest, LocalOptions } from '../../src/contract/schema';
import { createEditor, type Editor, type PictureWork } from '../../src/editor/store';
import { type Codec, runExtend, runPaste, runPrepare } from '../../src/editor/workers/pictureWork';
import { createPixels, type Mask, type Pixels } from '../../src/image/raster';
import type { Hosted } from '../../src/state/hosted/hosted';
import { createSession } from '../../src/state/session/session';
import { memorySurface, pixelsIn } from './memorySurface';

export const WIDTH = 600;
export const HEIGHT = 400;

export function photograph(): Pixels {
  const pixels = createPixels({ width: WIDTH, height: HEIGHT });
  for (let i = 0; i < pixels.data.length; i++) pixels.data[i] = i % 4 === 3 ? 255 : (i * 31) % 200;
  return pixels;
}

/** An engine whose results are one grey, and the requests that it received. */
export function fakeEngine(inpaint?: (call: Call) => Promise<void>) {
  const asked: { request: InpaintRequest; options: LocalOptions }[] = [];
  const engine: Engine = {
    async inpaint(request, options, call) {
      asked.push({ request, options });
      await inpaint?.(call);
      call.signal.throwIfAborted();
      const { width = 0, height = 0 } = options;
      const image = { url: 'blob:answer', content_type: 'image/png', file_name: 'a.png', file_size: 1 };
      return { image: { ...image, width, height }, seed: request.seed ?? 77 };
    },
    async dispose() {},
  };
  return { engine, asked };
}

/** What was encoded, in order. Tests empty them. */
export const masks: Mask[] = [];
export const sent: Pixels[] = [];
/** The value of every pixel of a result. */
export const answer = { grey: 250, alpha: 255 };
const codec: Codec = {
  async open(file, name) {
    if (file.type.startsWith('text/')) {
      throw Object.assign(new Error(`“${name}” is not a picture`), { name: 'PictureError' });
    }
    const { width, height, data } = pixelsIn(file) ?? photograph();
    return memorySurface({ width, height, data: data.slice() }, file);
  },
  encode: async (pixels) => {
    sent.push(pixels);
    return new Blob(['picture'], { type: 'image/png' });
  },
  // In these tests frames are sent at their own size.
  async scale(pixels, size) {
    if (pixels.width !== size.width || pixels.height !== size.height)
      throw new Error('nothing is scaled here');
    return pixels;
  },
  encodeMask: async (mask) => {
    masks.push(mask);
    return new Blob(['mask'], { type: 'image/png' });
  },
  async decode(_url, size) {
    const pixels = createPixels(size);
    for (let i = 0; i < pixels.data.length; i++) pixels.data[i] = i % 4 === 3 ? answer.alpha : answer.grey;
    return pixels;
  },
  thumbnail: async () => new Blob(['small'], { type: 'image/png' }),
};

/** The work of the page's image worker, on this thread and in plain memory. */
export const imaging: PictureWork = {
  async open(file, name) {
    const { width, height, read } = await codec.open(file, name);
    return { width, height, read, file, colourSpace: 'srgb', levels: [], close() {} };
  },
  thumbnail: async () => new Blob(['small'], { type: 'image/png' }),
  prepare: (request) => runPrepare(codec, request),
  paste: (request) => runPaste(codec, request),
  async extend(request) {
    const { width, height, read, toPng } = await runExtend(codec, request);
    return { width, height, read, file: await toPng(), colourSpace: 'srgb', levels: [], close() {} };
  },
};

export async function opened(engine: Engine, hosted: Hosted | null = null) {
  const editor = createEditor();
  const session = createSession({ editor, engine, imaging, hosted });
  await session.openFile(new Blob(['x'], { type: 'image/png' }), 'photo.png');
  return session;
}

export function paint(session: Awaited<ReturnType<typeof opened>>) {
  session.editor.setBrushSize(60);
  session.editor.stroke({ x: 300, y: 200 });
  session.editor.stroke({ x: 340, y: 200 });
  session.editor.endStroke();
}

/** Undoes or redoes steps, and waits until their effects are there. */
export async function travel(editor: Editor, direction: 'undo' | 'redo', steps = 1): Promise<void> {
  for (let step = 0; step < steps; step++) {
    editor[direction]();
    await editor.settled();
  }
}
