/**
 * A picture in halves of halves: a view from afar draws from the level nearest to its scale, so that moving it
 * costs what the window shows and not what the picture holds.
 */
import type { Size } from './kernels/geometry';

export interface Level extends Size {
  source: CanvasImageSource;
}

/** Levels below this are not worth having. */
const SMALLEST = 512;

export class Pyramid {
  readonly #levels: Level[];

  constructor(source: CanvasImageSource, { width, height }: Size) {
    this.#levels = [{ source, width, height }];
  }

  /** @param scale device pixels per image pixel @returns the smallest level with at least that resolution */
  at(scale: number): Level {
    let index = 0;
    while (scale <= 0.5 ** (index + 1)) {
      const next = this.#levels[index + 1] ?? this.#half(this.#levels[index]);
      if (!next) break;
      this.#levels[index + 1] = next;
      index += 1;
    }
    const level = this.#levels[index];
    if (!level) throw new RangeError('a pyramid has a lowest level');
    return level;
  }

  #half(from: Level | undefined): Level | undefined {
    if (!from || Math.max(from.width, from.height) < 2 * SMALLEST) return undefined;
    const canvas = new OffscreenCanvas(Math.ceil(from.width / 2), Math.ceil(from.height / 2));
    const context = canvas.getContext('2d');
    if (!context) return undefined;
    // At exactly a half, bilinear filtering is the mean of four pixels.
    context.imageSmoothingQuality = 'low';
    context.drawImage(from.source, 0, 0, canvas.width, canvas.height);
    return { source: canvas, width: canvas.width, height: canvas.height };
  }
}
