/** Keeps results that do not depend on the seed for the next run of the same model. */

import { LatentColours } from './latents/latentPreview';
import type { Model, TextCache } from './model';

/**
 * Reuses the embeddings of a repeated prompt and the VAE's moments of an unchanged image. One run at a time; the owner calls
 * `dispose`. Random draws are the same with and without it.
 */
export class InpaintCache implements TextCache {
  #model: Model | undefined;
  #text: { key: string; state: unknown } | undefined;
  #pictures: { pixels: Float32Array; width: number; moments: Float32Array }[] = [];
  #colours: LatentColours | undefined;

  /** Forgets everything that belongs to another model. */
  attach(model: Model): void {
    if (this.#model === model) return;
    this.dispose();
    this.#model = model;
  }

  /** The embeddings of the last prompts. Only one model asks at a time, so it always gets its own kind of state. */
  async text<Text>(key: string, make: () => Promise<Text>): Promise<Text> {
    if (this.#text?.key === key) return this.#text.state as Text;
    const state = await make();
    this.#text = { key, state };
    return state;
  }

  /**
   * The moments of a VAE input. The last two are kept: the image and the masked image.
   * @param pixels [1, 3, H, W]
   */
  async moments(
    pixels: Float32Array,
    width: number,
    encode: () => Promise<Float32Array>,
  ): Promise<Float32Array> {
    const known = this.#pictures.find((entry) => entry.width === width && equal(entry.pixels, pixels));
    if (known) return known.moments;
    const moments = await encode();
    this.#pictures = [{ pixels, width, moments }, ...this.#pictures.slice(0, 1)];
    return moments;
  }

  /** The colours of the model's latents, learnt over its runs. */
  colours(latentChannels: number): LatentColours {
    this.#colours ??= new LatentColours(latentChannels);
    return this.#colours;
  }

  dispose(): void {
    this.#text = undefined;
    this.#pictures = [];
    this.#colours = undefined;
    this.#model = undefined;
  }
}

function equal(a: Float32Array, b: Float32Array): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}
