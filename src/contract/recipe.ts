/**
 * What made a picture: the request without its pictures, the options, the seed that was drawn. It goes into result
 * files and the gallery, so no secret may be in it: model addresses lose their tokens, and keys are no part of requests.
 */
import { z } from 'zod';
import { MAX_PROMPT_CHARACTERS } from './limits';
import {
  embeddingOptionSchema,
  type InpaintRequest,
  inpaintRequestSchema,
  type LocalOptions,
  localOptionsSchema,
  loraOptionSchema,
} from './schema';

/** The keyword under which a PNG carries {@link Recipe} as JSON. */
const RECIPE_KEYWORD = 'inlay';
/** The keyword under which AUTOMATIC1111 and the programs that follow it keep settings. */
const PARAMETERS_KEYWORD = 'parameters';

const fields = inpaintRequestSchema.omit({ image_url: true, mask_url: true });
const side = z.number().int().positive();

/** Who paints: this machine, or the hosted API. One seed gives another picture there than here. */
const painterSchema = z.enum(['local', 'hosted']);
export type Painter = z.infer<typeof painterSchema>;

export const recipeSchema = z.object({
  version: z.literal(1),
  /** Absent in files of versions that did not say. */
  engine: painterSchema.optional(),
  /** With the API's names. */
  request: fields.extend({ seed: fields.shape.seed.unwrap() }),
  options: localOptionsSchema.omit({ loras: true, embeddings: true, leftToModel: true }).extend({
    loras: z
      .array(
        z.object({
          /** A name or an address; of the person's own file its name alone. */
          source: z.string(),
          weight: loraOptionSchema.shape.weight,
          isFile: z.boolean().default(false),
        }),
      )
      .default([]),
    /** Absent where there were none. */
    embeddings: z
      .array(
        z.object({
          /** As a LoRA's. */
          source: z.string(),
          token: embeddingOptionSchema.shape.token,
          isFile: z.boolean().default(false),
        }),
      )
      .optional(),
  }),
  /** What the page did around the run, as far as it was chosen. */
  page: z
    .object({
      mask_content: z.string().optional(),
      /** Image pixels. */
      crop_padding: z.number().optional(),
      feather: z.number().optional(),
      /** Whether the answer's colours were matched to the picture's; absent: they were. */
      colour_match: z.boolean().optional(),
    })
    .default({}),
  /** Of the whole picture, in pixels; the size at which the model worked is in the options. */
  width: side,
  height: side,
  /** ISO 8601, UTC. */
  madeAt: z.iso.datetime(),
});
export type Recipe = z.infer<typeof recipeSchema>;

export interface MadeWith {
  engine: Painter;
  request: Omit<InpaintRequest, 'image_url' | 'mask_url' | 'seed'>;
  options: LocalOptions;
  page?: Recipe['page'];
  seed: number;
  width: number;
  height: number;
  madeAt: Date;
}

/** A run as its recipe: without keys, and with names of models, LoRAs and embeddings that hold no token. */
export function recipeOf({
  engine,
  request,
  options,
  page = {},
  seed,
  width,
  height,
  madeAt,
}: MadeWith): Recipe {
  const { loras = [], embeddings = [], ...others } = options;
  return recipeSchema.parse({
    version: 1,
    engine,
    request: { ...request, model_name: withoutSecrets(request.model_name), seed },
    options: {
      ...others,
      loras: loras.map(({ source, weight }) =>
        typeof source === 'string'
          ? { source: withoutSecrets(source), weight }
          : { source: source.name, weight, isFile: true },
      ),
      ...(embeddings.length > 0 && {
        embeddings: embeddings.map(({ source, token }) =>
          typeof source === 'string'
            ? { source: withoutSecrets(source), token }
            : { source: source.name, token, isFile: true },
        ),
      }),
    },
    page,
    width,
    height,
    madeAt: madeAt.toISOString(),
  });
}

const SECRET = /token|key|secret|sign|sig$|auth|credential|password/i;

/** An address without user name, password and the parameters that grant access; a name as it is. */
export function withoutSecrets(name: string): string {
  if (!/^https?:\/\//i.test(name) || !URL.canParse(name)) return name;
  const url = new URL(name);
  const secret = [...url.searchParams.keys()].filter((key) => SECRET.test(key));
  if (url.username === '' && url.password === '' && secret.length === 0) return name;
  url.username = '';
  url.password = '';
  for (const key of secret) url.searchParams.delete(key);
  return url.href;
}

/** The texts that a result's PNG carries. */
export function recipeTexts(recipe: Recipe): { keyword: string; text: string }[] {
  return [
    { keyword: PARAMETERS_KEYWORD, text: parametersText(recipe) },
    { keyword: RECIPE_KEYWORD, text: JSON.stringify(recipe) },
  ];
}

/**
 * Settings as AUTOMATIC1111 writes them: the prompt with its LoRAs, the negative prompt, and a line of `Name: value`.
 * https://github.com/AUTOMATIC1111/stable-diffusion-webui/wiki/Features#png-info
 */
export function parametersText({ request, options, width, height }: Recipe): string {
  const loras = options.loras.map(({ source, weight }) => `<lora:${stemOf(source)}:${weight}>`).join('');
  const settings: [name: string, value: string | number | undefined][] = [
    ['Steps', request.num_inference_steps],
    ['Sampler', options.scheduler],
    ['CFG scale', request.guidance_scale],
    ['Seed', request.seed],
    ['Size', `${options.width ?? width}x${options.height ?? height}`],
    ['Model', request.model_name],
    ['Denoising strength', options.strength],
    ['Version', 'Inlay'],
  ];
  const lines = [request.prompt + (loras && request.prompt ? ` ${loras}` : loras)];
  if (request.negative_prompt) lines.push(`Negative prompt: ${request.negative_prompt}`);
  const given = settings.filter(([, value]) => value !== undefined);
  lines.push(given.map(([name, value]) => `${name}: ${quoted(String(value))}`).join(', '));
  return lines.join('\n');
}

/** A value with a comma, a colon or a line end stands as a JSON string. */
function quoted(value: string): string {
  return /[,:\n]/.test(value) ? JSON.stringify(value) : value;
}

function stemOf(source: string): string {
  const last = source.split(/[?#]/)[0]?.split('/').filter(Boolean).at(-1) ?? source;
  return last.replace(/\.safetensors$/i, '').replace(/[<>:]/g, '_');
}

/** What another program's settings hold that a request has as well; undefined where it lies outside the API's range. */
const foundSchema = z.object({
  prompt: z.string().max(MAX_PROMPT_CHARACTERS),
  negative_prompt: z.string().max(MAX_PROMPT_CHARACTERS),
  num_inference_steps: fields.shape.num_inference_steps.unwrap().optional().catch(undefined),
  guidance_scale: fields.shape.guidance_scale.unwrap().optional().catch(undefined),
  seed: fields.shape.seed.catch(undefined),
});
export type FoundFields = z.infer<typeof foundSchema>;

const LINE = /^\s*[A-Z][\w ./-]*:\s/;
const NAME = /^[A-Za-z][\w ./-]*$/;
/** Characters: the longest lines of settings that programs write hold the hashes of some dozen LoRAs, a few thousand. */
const MAX_SETTINGS_LENGTH = 65_536;

/** `Name: value` from comma to comma, in one pass; a value may be a JSON string, which may hold commas. Names in lower case. */
function readSettings(line: string): Map<string, string> {
  const settings = new Map<string, string>();
  for (let start = 0, colon = -1; start < line.length; ) {
    if (colon < start) colon = line.indexOf(':', start);
    if (colon < 0) break;
    let comma = line.indexOf(',', start);
    if (comma < 0) comma = line.length;
    const name = colon < comma ? line.slice(start, colon).trim() : '';
    if (name === '' || !NAME.test(name)) {
      start = comma + 1;
      continue;
    }
    let from = colon + 1;
    while (line[from] === ' ') from += 1;
    const end = (line[from] === '"' && endOfQuoted(line, from)) || Math.max(comma, from);
    settings.set(name.toLowerCase(), line.slice(from, end).trim());
    start = end + 1;
  }
  return settings;
}

/** @returns where the comma after a quoted value stands, or the line's end; 0 where it is no quoted value */
function endOfQuoted(line: string, from: number): number {
  let at = from + 1;
  while (at < line.length && line[at] !== '"') at += line[at] === '\\' ? 2 : 1;
  if (at >= line.length) return 0;
  return at + 1 === line.length || line[at + 1] === ',' ? at + 1 : 0;
}

/**
 * The inverse of {@link parametersText}, for files of other programs too. The model is left out: they name it by a file
 * name and a hash, which no one else can look up.
 * @returns null where the text is none of this form
 */
export function parseParameters(text: string): FoundFields | null {
  const lines = text.replaceAll('\r\n', '\n').trimEnd().split('\n');
  const last = lines.pop() ?? '';
  if (last.length > MAX_SETTINGS_LENGTH || !LINE.test(last)) return null;
  const settings = readSettings(last);
  if (!settings.has('steps')) return null;
  const at = lines.findIndex((line) => line.startsWith('Negative prompt:'));
  const prompt = lines.slice(0, at < 0 ? lines.length : at).join('\n');
  const negative = at < 0 ? '' : lines.slice(at).join('\n').slice('Negative prompt:'.length);
  const found = foundSchema.safeParse({
    prompt: prompt.trim(),
    negative_prompt: negative.trim(),
    num_inference_steps: number(settings.get('steps')),
    guidance_scale: number(settings.get('cfg scale')),
    seed: number(settings.get('seed')),
  });
  return found.success ? found.data : null;
}

function number(text: string | undefined): number | undefined {
  return text === undefined || text === '' ? undefined : Number(text);
}

/** @returns what a PNG's texts say about its making, ours before any other program's; null where nothing does */
export function readRecipe(
  texts: readonly { keyword: string; text: string }[],
): { recipe: Recipe; fields?: undefined } | { recipe?: undefined; fields: FoundFields } | null {
  const own = texts.find(({ keyword }) => keyword === RECIPE_KEYWORD);
  if (own) {
    const parsed = recipeSchema.safeParse(jsonOf(own.text));
    if (parsed.success) return { recipe: parsed.data };
  }
  const foreign = texts.find(({ keyword }) => keyword === PARAMETERS_KEYWORD);
  const fields = foreign && parseParameters(foreign.text);
  return fields ? { fields } : null;
}

/** Undefined for what is no JSON, which no schema accepts. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
