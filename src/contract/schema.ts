/**
 * The contract that everything that makes pictures takes: the inputs and outputs of the hosted API
 * `fal-ai/inpaint`, field by field, with its names, defaults and ranges, and a second, separate object
 * for what that API lacks.
 */
import { z } from 'zod';
import { MAX_NAME_CHARACTERS, MAX_PROMPT_CHARACTERS, MAX_TOKEN_CHARACTERS } from './limits';
import { schedulerNameSchema } from './schedulers';

export { type SchedulerName, schedulerNames } from './schedulers';

/** A picture: an http(s), data: or blob: URL, or (in the page) the encoded file itself. */
const imageSource = z.union([
  z.url({ protocol: /^(https?|data|blob)$/, error: 'must be an http(s) URL, a data URI or a picture file' }),
  z.instanceof(Blob),
]);
export type ImageSource = z.infer<typeof imageSource>;

/** The largest seed: what a JavaScript number and a JSON integer both hold exactly. */
export const MAX_SEED = Number.MAX_SAFE_INTEGER;

function between(least: number, most: number) {
  const message = `must be a number from ${least} to ${most}`;
  return z.number(message).min(least, message).max(most, message);
}

function whole(least: number, most: number) {
  const message = `must be a whole number from ${least} to ${most}`;
  return z.number(message).int(message).min(least, message).max(most, message);
}

/** A name that leads to files, hence no longer than an address. */
function nameOf(what: string, advice: string) {
  return z
    .string()
    .trim()
    .min(1, advice)
    .max(
      MAX_NAME_CHARACTERS,
      `may have at most ${MAX_NAME_CHARACTERS.toLocaleString('en')} characters; ${what}`,
    );
}

/** The `model_name` of the model that comes with the page. */
export const STARTER = 'starter';

const prompt = z
  .string()
  .max(
    MAX_PROMPT_CHARACTERS,
    `may have at most ${MAX_PROMPT_CHARACTERS.toLocaleString('en')} characters; shorten it`,
  );

export const inpaintRequestSchema = z.object({
  /** Hugging Face id or URL of the base model; `starter` is the embedded one. */
  model_name: nameOf(
    "give the model's id or its plain address",
    'name a model: a Hugging Face id, a URL or "starter"',
  ),
  prompt,
  negative_prompt: prompt.default(''),
  image_url: imageSource,
  /** Black areas are preserved, white areas are inpainted. Same size as the picture. */
  mask_url: imageSource,
  num_inference_steps: whole(0, 150).default(30),
  guidance_scale: between(0, 20).default(7.5),
  /** Drawn at random when absent, and returned with the picture. */
  seed: whole(0, MAX_SEED).optional(),
});
/** The request as JSON carries it: addresses alone. */
export const wireRequestSchema = inpaintRequestSchema.extend({
  image_url: z.url({ protocol: /^(https?|data)$/ }),
  mask_url: z.url({ protocol: /^(https?|data)$/ }),
});
/** A checked request, defaults filled in. */
export type InpaintRequest = z.infer<typeof inpaintRequestSchema>;
/** A request as a caller may write it: optional fields left out. */
export type InpaintInput = z.input<typeof inpaintRequestSchema>;

/** What changes a model's weights a little: a style, a subject, fewer steps. */
export const loraOptionSchema = z.object({
  /**
   * A Hugging Face id (`owner/name`, or `owner/name/file.safetensors` where it holds several), an address of a file, or
   * the person's own file; on the command line also its path.
   */
  source: z.union(
    [
      nameOf("give the LoRA's id or its plain address", 'name a LoRA: a Hugging Face id or an address'),
      z.instanceof(File),
    ],
    { error: 'name a LoRA: a Hugging Face id, an address or a file' },
  ),
  /** How much of it; 1 as it was trained, below 0 its opposite. */
  weight: between(-10, 10).default(1),
});
export type LoraOption = z.infer<typeof loraOptionSchema>;

/** What teaches a model a word: textual inversion's rows for its token embedding. */
export const embeddingOptionSchema = z.object({
  /** As a LoRA's: a Hugging Face id, `owner/name/file.safetensors`, an address of a file, or the person's own file. */
  source: z.union(
    [
      nameOf(
        "give the embedding's id or its plain address",
        'name an embedding: a Hugging Face id or an address',
      ),
      z.instanceof(File),
    ],
    { error: 'name an embedding: a Hugging Face id, an address or a file' },
  ),
  /** What it is called in the prompt, to the letter. Absent: as the file says, or as the file is called. */
  token: z
    .string()
    .trim()
    .min(1, 'must not be blank')
    .max(MAX_TOKEN_CHARACTERS, `must have at most ${MAX_TOKEN_CHARACTERS} characters`)
    .optional(),
});
export type EmbeddingOption = z.infer<typeof embeddingOptionSchema>;

/** Settings that the hosted API lacks. */
export const localOptionsSchema = z.object({
  /** Absent: the checkpoint's own `scheduler_config.json`. */
  scheduler: schedulerNameSchema.optional(),
  /** How far the masked part is noised before denoising, in (0, 1]; 1 repaints from nothing. */
  strength: z.number('must be a number').gt(0, 'must be above 0').max(1, 'must be at most 1').default(1),
  /** Size in pixels at which the model works, multiples of 8. Absent: the picture's own, rounded down to 8. */
  width: whole(64, 2048).multipleOf(8, 'must be a multiple of 8').optional(),
  height: whole(64, 2048).multipleOf(8, 'must be a multiple of 8').optional(),
  /** Merged into the model's weights, in this order. */
  loras: z.array(loraOptionSchema).max(8, 'at most 8').optional(),
  /** Words for the prompts, each with its own vectors. */
  embeddings: z.array(embeddingOptionSchema).max(16, 'at most 16').optional(),
  /**
   * Fields that the caller left out, where the model is read only by the engine: they take what suits the model
   * (contract/modelSettings.ts), or keep their defaults where nothing is known of it.
   */
  leftToModel: z
    .array(z.enum(['num_inference_steps', 'guidance_scale', 'scheduler']))
    .max(3)
    .optional(),
});
export type LocalOptions = z.infer<typeof localOptionsSchema>;
export type LocalOptionsInput = z.input<typeof localOptionsSchema>;

const imageFileSchema = z.object({
  url: z.string(),
  content_type: z.string(),
  file_name: z.string(),
  /** Bytes. */
  file_size: z.number().int().nonnegative(),
  width: z.number().int().positive(),
  height: z.number().int().positive(),
});

export const inpaintResultSchema = z.object({ image: imageFileSchema, seed: z.number().int() });
/**
 * The API's answer. Where an engine runs in the page, `image.url` is an object URL that the caller owns
 * and revokes.
 */
export type InpaintResult = z.infer<typeof inpaintResultSchema> & {
  /** Milliseconds each stage took, where the engine measures them. */
  timings?: Record<string, number>;
  /** The hosted API's name for the run, for questions to its makers. */
  requestId?: string;
};
