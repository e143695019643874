/** What one run leaves for the next with the same model: results that do not depend on the seed. */

import type { PromptCache, PromptEmbeddings } from './conditioning/promptEmbeddings';
import { LatentColours } from './latents/latentPreview';
import type { Model } from './model';

/**
 * Reuses the embeddings of a repeated prompt and the VAE's moments of an unchanged picture. One run at a time; the
 * owner calls `dispose`. Random draws are the same with and without it.
 */
export class InpaintCache implements PromptCache {
  #model: Model | undefined;
  #prompt: { key: string; embeddings: PromptEmbeddings } | undefined;
  #pictures: { pixels: Float32Array; width: number; moments: Float32Array }[] = [];
  #colours: LatentColours | undefined;

  /** Forgets everything that belongs to another model. */
  attach(model: Model): void {
    if (this.#model === model) return;
    this.dispose();
    this.#model = model;
  }

  /** The embeddings kept under this key. */
  promptEmbeddings(key: string): PromptEmbeddings | undefined {
    return this.#prompt?.key === key ? this.#prompt.embeddings : undefined;
  }

  /** In place of those before. */
  keepPromptEmbeddings(key: string, embeddings: PromptEmbeddings): void {
    this.#prompt = { key, embeddings };
  }

  /**
   * The moments of a VAE input. The last two are kept: the picture and the masked picture.
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
    this.#prompt = undefined;
    this.#pictures = [];
    this.#colours = undefined;
    this.#model = undefined;
  }
}

function equal(a: Float32Array, b: Float32Array): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}
