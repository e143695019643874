/**
 * What made an image: the request without its images, the options and the seed. It goes into result files and the
 * gallery, so it must not contain secrets: model URLs lose their tokens, and API keys are not part of requests.
 */
import { z } from 'zod';
import { fieldsIn, optionFields, optionRows, type RequestOptions, requestOptions } from './options';
import {
  embeddingOptionSchema,
  type LocalOptions,
  localOptionsSchema,
  loraOptionSchema,
  type PageOptions,
  pageOptionsSchema,
} from './schema';

/** The keyword under which a PNG carries {@link Recipe} as JSON. */
const RECIPE_KEYWORD = 'inlay';
/** The keyword under which AUTOMATIC1111 and programs after it keep settings. */
const PARAMETERS_KEYWORD = 'parameters';

const side = z.number().int().positive();

/** What ran the model: this device, or the hosted API. The same seed gives different images on the two. */
const painterSchema = z.enum(['local', 'hosted']);
export type Painter = z.infer<typeof painterSchema>;

export const recipeSchema = z.object({
  version: z.literal(1),
  /** Absent in files of early versions. */
  engine: painterSchema.optional(),
  /** With the API's names. */
  request: requestOptions.extend({ seed: requestOptions.shape.seed.unwrap() }),
  options: localOptionsSchema.omit({ loras: true, embeddings: true, leftToModel: true }).extend({
    loras: z
      .array(
        z.object({
          /** A name or a URL; of the user's own file only its name. */
          source: z.string(),
          weight: loraOptionSchema.shape.weight,
          isFile: z.boolean().default(false),
        }),
      )
      .default([]),
    /** Absent if there weren't any. */
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
  /** The options of the work around the run, as far as they are known; absent ones had their defaults. */
  page: z.record(z.string(), z.unknown()).transform(knownChoices).default({}),
  /** Of the whole image, in pixels; the size at which the model worked is in the options. */
  width: side,
  height: side,
  /** ISO 8601, UTC. */
  madeAt: z.iso.datetime(),
});
export type Recipe = z.infer<typeof recipeSchema>;

type PageChoices = Partial<Omit<PageOptions, 'variations'>>;

/** A value that this version of the program does not know is left out: the rest of a recipe is still good. */
function knownChoices(page: Record<string, unknown>): PageChoices {
  const known = fieldsIn('page').flatMap((field) => {
    if (field === 'variations' || page[field] === undefined) return [];
    const parsed = pageOptionsSchema.shape[field].safeParse(page[field]);
    return parsed.success ? [[field, parsed.data]] : [];
  });
  return Object.fromEntries(known);
}

export interface MadeWith {
  engine: Painter;
  request: Omit<RequestOptions, 'seed'>;
  options: LocalOptions;
  page?: Recipe['page'];
  seed: number;
  width: number;
  height: number;
  madeAt: Date;
}

/** The recipe of a run, without keys, and without tokens in the names of models, LoRAs and embeddings. */
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

/** A URL without user name, password and parameters that grant access; other names stay as they are. */
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
  const values = { ...request, ...options };
  const settings: [name: string, value: unknown][] = [
    ...optionFields.flatMap((field): [string, unknown][] => {
      const { parameter } = optionRows[field];
      return parameter === undefined ? [] : [[parameter, values[field as keyof typeof values]]];
    }),
    ['Size', `${options.width ?? width}x${options.height ?? height}`],
    ['Model', request.model_name],
    ['Version', 'Inlay'],
  ];
  settings.sort(([a], [b]) => rank(a) - rank(b));
  const lines = [request.prompt + (loras && request.prompt ? ` ${loras}` : loras)];
  if (request.negative_prompt) lines.push(`Negative prompt: ${request.negative_prompt}`);
  const given = settings.filter(([, value]) => value !== undefined);
  lines.push(given.map(([name, value]) => `${name}: ${quoted(String(value))}`).join(', '));
  return lines.join('\n');
}

/** AUTOMATIC1111's order; what it does not have comes after that, and the program's name last. */
const ORDER = ['Steps', 'Sampler', 'CFG scale', 'Seed', 'Size', 'Model', 'Denoising strength'];

function rank(name: string): number {
  const at = ORDER.indexOf(name);
  return at >= 0 ? at : name === 'Version' ? Number.POSITIVE_INFINITY : ORDER.length;
}

/** A value with a comma, a colon or a line break is written as a JSON string. */
function quoted(value: string): string {
  return /[,:\n]/.test(value) ? JSON.stringify(value) : value;
}

function stemOf(source: string): string {
  const last = source.split(/[?#]/)[0]?.split('/').filter(Boolean).at(-1) ?? source;
  return last.replace(/\.safetensors$/i, '').replace(/[<>:]/g, '_');
}

/** The request's fields in another program's settings; those outside the API's range are left out. */
export type FoundFields = Pick<RequestOptions, 'prompt' | 'negative_prompt'> & Partial<RequestOptions>;
const promptsSchema = requestOptions.pick({ prompt: true, negative_prompt: true });

const LINE = /^\s*[A-Z][\w ./-]*:\s/;
const NAME = /^[A-Za-z][\w ./-]*$/;
/** In characters. The longest lines that programs write hold the hashes of a dozen LoRAs: a few thousand. */
const MAX_SETTINGS_LENGTH = 65_536;

/** Reads `Name: value` pairs in one pass; a value may be a JSON string with commas in it. Names in lower case. */
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

/** @returns the index of the comma after a quoted value, or of the line's end; 0 if the value is not quoted */
function endOfQuoted(line: string, from: number): number {
  let at = from + 1;
  while (at < line.length && line[at] !== '"') at += line[at] === '\\' ? 2 : 1;
  if (at >= line.length) return 0;
  return at + 1 === line.length || line[at + 1] === ',' ? at + 1 : 0;
}

/**
 * The inverse of {@link parametersText}, also for files of other programs. The model is left out: they give a file name and
 * a hash, which nobody else can look up.
 * @returns null if the text does not have this form
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
  const prompts = promptsSchema.safeParse({ prompt: prompt.trim(), negative_prompt: negative.trim() });
  if (!prompts.success) return null;
  const found = fieldsIn('request').flatMap((field) => {
    const value = number(settings.get(optionRows[field].parameter?.toLowerCase() ?? ''));
    if (value === undefined) return [];
    const parsed = requestOptions.shape[field].safeParse(value);
    return parsed.success ? [[field, parsed.data]] : [];
  });
  return { ...prompts.data, ...Object.fromEntries(found) };
}

function number(text: string | undefined): number | undefined {
  return text === undefined || text === '' ? undefined : Number(text);
}

/** @returns the recipe in a PNG's texts, or another program's settings; null if there are neither */
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

/** Undefined if it isn't JSON; no schema accepts that. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
