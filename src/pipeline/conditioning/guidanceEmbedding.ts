/** The guidance scale as latent consistency models read it: diffusers' `get_guidance_scale_embedding` (0.36). */

const { fround } = Math;
const MAX_PERIOD = 10_000;
/** Guidance is embedded as timesteps are: in thousandths. */
const THOUSANDTHS = 1000;

/**
 * Sines, then cosines, of the guidance less 1, in torch's float32 operations; a zero at the end if `width` is odd.
 * @param width `time_cond_proj_dim` of the UNet
 * @returns [1, width]
 */
export function guidanceEmbedding(guidanceScale: number, width: number): Float32Array {
  const half = Math.floor(width / 2);
  const guidance = fround(fround(guidanceScale - 1) * THOUSANDTHS);
  const step = fround(fround(Math.log(MAX_PERIOD)) / (half - 1));
  const embedding = new Float32Array(width);
  for (let i = 0; i < half; i++) {
    const angle = fround(guidance * fround(Math.exp(fround(i * -step))));
    embedding[i] = Math.sin(angle);
    embedding[half + i] = Math.cos(angle);
  }
  return embedding;
}
