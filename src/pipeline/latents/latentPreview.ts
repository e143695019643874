/**
 * A cheap preview of latents: each becomes one pixel by a linear map from its channels to a colour. The map is fitted by
 * least squares to pairs of image and latents that a run has anyway, so it serves any VAE without known factors.
 */
import type { Size } from '../../image/geometry';
import type { Pixels } from '../../image/raster';

const COLOURS = 3;
/**
 * Weight of the assumption that a channel means nothing, in latents. It settles what an image of a single colour leaves
 * open, and is small beside the thousands of latents of an image.
 */
const RIDGE = 1;

/** Sums over all pairs seen: normal equations of the least-squares fit. One instance per VAE. */
export class LatentColours {
  readonly #inputs: number;
  /** Σ input·inputᵀ and Σ input·colour, inputs being the channels and a constant 1. */
  readonly #gram: Float64Array;
  readonly #moments: Float64Array;

  constructor(readonly latentChannels: number) {
    this.#inputs = latentChannels + 1;
    this.#gram = new Float64Array(this.#inputs * this.#inputs);
    this.#moments = new Float64Array(this.#inputs * COLOURS);
  }

  /**
   * Learns from an image and its latents.
   * @param latents [1, C, h, w], scaled as the UNet sees them
   * @param picture [1, 3, h·factor, w·factor] in −1 … 1
   */
  learn(latents: Float32Array, size: Size, picture: Float32Array, factor: number): void {
    const colours = shrink(picture, size, factor);
    const plane = size.width * size.height;
    for (let cell = 0; cell < plane; cell++) {
      for (let row = 0; row < this.#inputs; row++) {
        const input = this.#input(latents, plane, cell, row);
        for (let column = 0; column < this.#inputs; column++) {
          add(this.#gram, row * this.#inputs + column, input * this.#input(latents, plane, cell, column));
        }
        for (let colour = 0; colour < COLOURS; colour++) {
          add(this.#moments, row * COLOURS + colour, input * (colours[colour * plane + cell] ?? 0));
        }
      }
    }
  }

  /** @returns an image with one pixel per latent */
  preview(latents: Float32Array, { width, height }: Size): Pixels {
    const factors = solve(this.#gram, this.#moments, this.#inputs);
    const plane = width * height;
    const data = new Uint8ClampedArray(plane * 4).fill(255);
    for (let cell = 0; cell < plane; cell++) {
      for (let colour = 0; colour < COLOURS; colour++) {
        let value = 0;
        for (let row = 0; row < this.#inputs; row++) {
          value += this.#input(latents, plane, cell, row) * (factors[row * COLOURS + colour] ?? 0);
        }
        data[cell * 4 + colour] = (value * 0.5 + 0.5) * 255;
      }
    }
    return { data, width, height };
  }

  #input(latents: Float32Array, plane: number, cell: number, row: number): number {
    return row < this.latentChannels ? (latents[row * plane + cell] ?? 0) : 1;
  }
}

function add(sums: Float64Array, index: number, value: number): void {
  sums[index] = (sums[index] ?? 0) + value;
}

/** Means over the pixels of each latent. */
function shrink(picture: Float32Array, { width, height }: Size, factor: number): Float32Array {
  const out = new Float32Array(COLOURS * width * height);
  const stride = width * factor;
  for (let colour = 0; colour < COLOURS; colour++) {
    for (let y = 0; y < height * factor; y++) {
      for (let x = 0; x < stride; x++) {
        const cell = (colour * height + Math.floor(y / factor)) * width + Math.floor(x / factor);
        out[cell] =
          (out[cell] ?? 0) + (picture[(colour * height * factor + y) * stride + x] ?? 0) / factor ** 2;
      }
    }
  }
  return out;
}

/** Solves (gram + ridge)·factors = moments by elimination; with the ridge the matrix is positive definite. */
function solve(gram: Float64Array, moments: Float64Array, inputs: number): Float64Array {
  const matrix = Array.from({ length: inputs }, (_, row) => [
    ...Array.from({ length: inputs }, (__, column) => {
      const ridge = row === column ? RIDGE : 0;
      return (gram[row * inputs + column] ?? 0) + ridge;
    }),
    ...moments.slice(row * COLOURS, (row + 1) * COLOURS),
  ]);
  matrix.forEach((pivotRow, pivot) => {
    const divisor = pivotRow[pivot] ?? 1;
    for (let column = 0; column < pivotRow.length; column++)
      pivotRow[column] = (pivotRow[column] ?? 0) / divisor;
    for (const row of matrix) {
      const factor = row[pivot] ?? 0;
      if (row === pivotRow || factor === 0) continue;
      row.forEach((value, column) => {
        row[column] = value - factor * (pivotRow[column] ?? 0);
      });
    }
  });
  return Float64Array.from(matrix.flatMap((row) => row.slice(inputs)));
}
