/** An editor with a small image open, and what tests of tools and masks do with it. */

import { createEditor, type Editor } from '../../src/editor/store';
import { colourSelection } from '../../src/editor/tools/wand';
import type { Point } from '../../src/image/geometry';
import type { Mode } from '../../src/image/mask/mask';
import { createMask, createPixels, type Mask } from '../../src/image/raster';
import { memorySurface } from './memorySurface';

export const WIDTH = 200;
export const HEIGHT = 120;

/** Left half dark, right half light, a transparent stripe at the right border. */
export function stripedPicture() {
  const pixels = createPixels({ width: WIDTH, height: HEIGHT });
  for (let i = 0; i < WIDTH * HEIGHT; i++) {
    const x = i % WIDTH;
    const grey = x < 100 ? 40 : 200;
    pixels.data.set(x < 190 ? [grey, grey, grey, 255] : [0, 0, 0, 0], i * 4);
  }
  return pixels;
}

export function openedEditor() {
  const editor = createEditor();
  editor.resizeView({ width: 456, height: 256 });
  editor.open(memorySurface(stripedPicture()), 'a.png');
  editor.zoomTo(1);
  const data = () => editor.document?.mask.data ?? new Uint8Array();
  return { editor, gesture: editor.gesture, state: editor.store.getState, data };
}

/** A mask as the kernels paint it. */
export function predicted(paint: (mask: Mask) => void): Uint8Array {
  const mask = createMask({ width: WIDTH, height: HEIGHT });
  paint(mask);
  return mask.data;
}
export const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;
export const count = (data: Uint8Array) => data.reduce((sum, value) => sum + Number(value > 0), 0);

export function drag({ gesture }: ReturnType<typeof openedEditor>, points: Point[], input = {}) {
  const [first, ...rest] = points;
  const last = points.at(-1);
  if (!first || !last) return;
  gesture.press(first, input);
  for (const point of rest) gesture.move(point, input);
  gesture.release(last, input);
}

/** Selects by the colour at an image point, as the wand does. */
export function selectColour(editor: Editor, at: Point, mode: Mode): Promise<void> {
  const { tolerance, contiguous } = editor.store.getState();
  return editor.select(colourSelection, { at, tolerance, contiguous }, mode);
}
