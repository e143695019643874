/** The tiny selectors of goldens/selectors, and PyTorch's values for them. */
import { openAsBlob, readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { selectorOf } from '../../src/contract/selectors';
import type { Pixels } from '../../src/image/raster';
import { parseSafetensorsHeader, safetensorsHeaderBytes } from '../../src/model/checkpoint/safetensors';
import type { SelectorFiles } from '../../src/model/selectors/open';
import { selectorFolder } from './hub/selectors';

/** As if it were stored. */
export async function goldenSelector(id: string): Promise<SelectorFiles> {
  const offer = selectorOf(id);
  if (offer === undefined) throw new Error(`${id} is not on offer`);
  const folder = selectorFolder(offer.kind);
  const all = (await readdir(folder, { recursive: true })).map((path) => path.replaceAll('\\', '/'));
  return {
    offer,
    paths: all.filter((path) => path.startsWith('onnx/')),
    open: async (path) => (all.includes(path) ? openAsBlob(join(folder, path)) : undefined),
  };
}

const VALUES = new Uint8Array(
  readFileSync(new URL('../../goldens/values/selectors.safetensors', import.meta.url)),
);
const HEADER_BYTES = safetensorsHeaderBytes(VALUES.slice(0, 8), 'selectors.safetensors');
const INDEX = parseSafetensorsHeader(VALUES.slice(0, HEADER_BYTES), VALUES.length, 'selectors.safetensors');

function bytesOf(name: string): { shape: readonly number[]; bytes: Uint8Array<ArrayBuffer> } {
  const entry = INDEX.get(name);
  if (entry === undefined) throw new Error(`there is no golden ${name}`);
  const { shape, offset, length } = entry;
  return { shape, bytes: VALUES.slice(offset, offset + length) };
}

export function goldenValues(name: string): Float32Array {
  return new Float32Array(bytesOf(name).bytes.buffer);
}

/** An image of uint8 [height, width, 3]. */
export function goldenPixels(name: string): Pixels {
  const { shape, bytes } = bytesOf(name);
  const [height = 0, width = 0] = shape;
  const data = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let at = 0; at < width * height; at++) data.set(bytes.subarray(at * 3, at * 3 + 3), at * 4);
  return { width, height, data };
}
