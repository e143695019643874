/**
 * The contract of every engine: the inputs and outputs of the hosted API `fal-ai/inpaint`, field by field, with its
 * names, defaults and ranges. Two more objects hold what that API lacks: options for engines on this device, and options
 * for the work around a run. What an option is called and where it appears is in `options.ts`.
 */
import { z } from 'zod';
import { MAX_NAME_CHARACTERS, MAX_PROMPT_CHARACTERS, MAX_TOKEN_CHARACTERS } from './limits';
import { schedulerNameSchema } from './schedulers';

export { type SchedulerName, schedulerNames } from './schedulers';

/** An image: an http(s), data: or blob: URL, or (in the page) the encoded file itself. */
const imageSource = z.union([
  z.url({ protocol: /^(https?|data|blob)$/, error: 'must be an http(s) URL, a data URI or an image file' }),
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

/** A name that leads to files, so no longer than a URL. */
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
/** The `model_name` of the content-aware fill, which needs no weights: it removes what is masked, whatever the prompt says. */
export const FILL = 'fill';

const prompt = z
  .string()
  .max(
    MAX_PROMPT_CHARACTERS,
    `may have at most ${MAX_PROMPT_CHARACTERS.toLocaleString('en')} characters; shorten it`,
  );

export const inpaintRequestSchema = z.object({
  /** Hugging Face id or URL of the base model; `starter` is the embedded one, `fill` the content-aware fill. */
  model_name: nameOf(
    "give the model's id or its plain URL",
    'name a model: a Hugging Face id, a URL, "starter" or "fill"',
  ),
  prompt,
  negative_prompt: prompt.default(''),
  image_url: imageSource,
  /** Black areas are preserved, white areas are inpainted. Same size as the image. */
  mask_url: imageSource,
  num_inference_steps: whole(0, 150).default(30),
  guidance_scale: between(0, 20).default(7.5),
  /** Drawn at random when absent, and returned with the image. */
  seed: whole(0, MAX_SEED).optional(),
});
/** The request in JSON: URLs only. */
export const wireRequestSchema = inpaintRequestSchema.extend({
  image_url: z.url({ protocol: /^(https?|data)$/ }),
  mask_url: z.url({ protocol: /^(https?|data)$/ }),
});
/** A checked request, defaults filled in. */
export type InpaintRequest = z.infer<typeof inpaintRequestSchema>;
/** A request before the check: fields with defaults may be left out. */
export type InpaintInput = z.input<typeof inpaintRequestSchema>;

/** A LoRA: a small change of a model's weights, for a style, a subject or fewer steps. */
export const loraOptionSchema = z.object({
  /**
   * A Hugging Face id (`owner/name`, or `owner/name/file.safetensors` if the repository has several), a file's URL, or
   * the user's own file; on the command line also a path.
   */
  source: z.union(
    [
      nameOf("give the LoRA's id or its plain URL", 'name a LoRA: a Hugging Face id or a URL'),
      z.instanceof(File),
    ],
    { error: 'name a LoRA: a Hugging Face id, a URL or a file' },
  ),
  /** How strongly it applies: 1 as trained, below 0 the opposite. */
  weight: between(-10, 10).default(1),
});
export type LoraOption = z.infer<typeof loraOptionSchema>;

/** An embedding (textual inversion): teaches a model a word, as extra rows of its token embedding. */
export const embeddingOptionSchema = z.object({
  /** As a LoRA's: a Hugging Face id, `owner/name/file.safetensors`, a file's URL, or the user's own file. */
  source: z.union(
    [
      nameOf("give the embedding's id or its plain URL", 'name an embedding: a Hugging Face id or a URL'),
      z.instanceof(File),
    ],
    { error: 'name an embedding: a Hugging Face id, a URL or a file' },
  ),
  /** Its exact word in the prompt. Absent: the word that the file gives, or the file's name. */
  token: z
    .string()
    .trim()
    .min(1, 'must not be blank')
    .max(MAX_TOKEN_CHARACTERS, `must have at most ${MAX_TOKEN_CHARACTERS} characters`)
    .optional(),
});
export type EmbeddingOption = z.infer<typeof embeddingOptionSchema>;

/** Options of engines on this device, which the hosted API lacks. */
export const localOptionsSchema = z.object({
  /** Absent: the checkpoint's own `scheduler_config.json`. */
  scheduler: schedulerNameSchema.optional(),
  /** How much noise the masked area gets before denoising, in (0, 1]; 1 starts from pure noise. */
  strength: z.number('must be a number').gt(0, 'must be above 0').max(1, 'must be at most 1').default(1),
  /** Size in pixels at which the model works, multiples of 8. Absent: the image's own, rounded down to 8. */
  width: whole(64, 2048).multipleOf(8, 'must be a multiple of 8').optional(),
  height: whole(64, 2048).multipleOf(8, 'must be a multiple of 8').optional(),
  /** Merged into the model's weights, in this order. */
  loras: z.array(loraOptionSchema).max(8, 'at most 8').optional(),
  /** Words for the prompts, each with its vectors. */
  embeddings: z.array(embeddingOptionSchema).max(16, 'at most 16').optional(),
  /**
   * Fields that the caller left out because only the engine reads the model: they take the values that suit it
   * (contract/modelSettings.ts), or keep their defaults if nothing is known about the model.
   */
  leftToModel: z
    .array(z.enum(['num_inference_steps', 'guidance_scale', 'scheduler']))
    .max(3)
    .optional(),
});
export type LocalOptions = z.infer<typeof localOptionsSchema>;
export type LocalOptionsInput = z.input<typeof localOptionsSchema>;

/** Options for the work around a run, on the page and on the command line: what is sent, and how the result is pasted. */
export const pageOptionsSchema = z.object({
  /** How many images one press of Generate makes, at consecutive seeds. */
  variations: whole(1, 4).default(1),
  /** Image pixels around the mask that the model sees. Absent: chosen from the mask. */
  crop_padding: whole(0, 2048).optional(),
  /** Image pixels over which the result fades into the image. Absent: chosen from the crop. */
  feather: whole(0, 256).optional(),
  /** Whether the result's colours are matched to the image's at the mask's edge. */
  colour_match: z.boolean().default(true),
  /** What a run at a strength below 1 starts from, beneath the mask. */
  mask_content: z.enum(['original', 'fill', 'blur', 'border', 'noise']).default('original'),
});
export type PageOptions = z.infer<typeof pageOptionsSchema>;

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
/** The API's response. From an engine in the page, `image.url` is an object URL that the caller owns and revokes. */
export type InpaintResult = z.infer<typeof inpaintResultSchema> & {
  /** Milliseconds per stage, if the engine measures them. */
  timings?: Record<string, number>;
  /** The hosted API's id of the run, for support requests. */
  requestId?: string;
};
