/** The content of one tile of a mask, in as little memory as possible. */
import type { Rect } from '../../image/geometry';
import type { Mask } from '../../image/raster';

/** A tile's content: its one value, its bytes, or runs (value, length, value, length, …) if those are shorter. */
export type TileContent = number | Uint8Array | Uint16Array;

/** @param place whole pixels, inside the mask @returns bytes or runs, even if all values are the same */
export function readTile({ data, width: stride }: Mask, { x, y, width, height }: Rect): TileContent {
  const content = new Uint8Array(width * height);
  for (let row = 0; row < height; row++) {
    const start = (y + row) * stride + x;
    content.set(data.subarray(start, start + width), row * width);
  }
  return pack(content);
}

export function writeTile(mask: Mask, place: Rect, content: TileContent): void {
  if (typeof content === 'number') {
    fillRect(mask, place, content);
    return;
  }
  const { x, y, width, height } = place;
  const bytes = unpack(content, width * height);
  for (let row = 0; row < height; row++) {
    mask.data.set(bytes.subarray(row * width, (row + 1) * width), (y + row) * mask.width + x);
  }
}

/** @param rect whole pixels, inside the mask */
export function fillRect({ data, width: stride }: Mask, rect: Rect, value: number): void {
  const { x, y, width, height } = rect;
  for (let start = y * stride + x, row = 0; row < height; row++, start += stride) {
    data.fill(value, start, start + width);
  }
}

/** Whether a part of the mask has this content. @param content bytes or runs */
export function showsTile(mask: Mask, place: Rect, content: Uint8Array | Uint16Array): boolean {
  const { x, y, width, height } = place;
  const bytes = unpack(content, width * height);
  for (let row = 0; row < height; row++) {
    const start = (y + row) * mask.width + x;
    for (let i = 0; i < width; i++) if (bytes[row * width + i] !== mask.data[start + i]) return false;
  }
  return true;
}

/** Runs, if they take less memory than the bytes. */
function pack(content: Uint8Array): TileContent {
  const runs: number[] = [];
  for (let start = 0; start < content.length; ) {
    const value = content[start] ?? 0;
    let end = start + 1;
    while (end < content.length && content[end] === value) end += 1;
    runs.push(value, end - start);
    if (runs.length * 2 >= content.length) return content;
    start = end;
  }
  return Uint16Array.from(runs);
}

function unpack(content: Uint8Array | Uint16Array, length: number): Uint8Array {
  if (content instanceof Uint8Array) return content;
  const bytes = new Uint8Array(length);
  for (let i = 0, at = 0; i < content.length; i += 2) {
    const end = at + (content[i + 1] ?? 0);
    bytes.fill(content[i] ?? 0, at, end);
    at = end;
  }
  return bytes;
}
