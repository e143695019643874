/** The command line's arguments, checked before anything is read or loaded. */
import { parseArgs } from 'node:util';
import { InputError } from '../../contract/errors';
import { schedulerNames } from '../../contract/schema';
import { type MaskReading, maskReadings } from '../../image/mask/maskReading';
import { distance } from '../../model/source/suggest';

export const usage = `Usage: npm run --silent inpaint -- --model DIR|URL|ID --image FILE|URL --mask FILE|URL --prompt TEXT --out OUT.png

Repaints the white part of the mask and writes a picture. Prints one line of JSON on standard output.

  --model NAME          a folder in the diffusers layout, the URL of one, a Hugging Face id, or "starter"
  --image FILE|URL      the picture: PNG, JPEG, WebP, AVIF, HEIC, GIF or TIFF; sRGB and Display P3 keep their colours
  --mask FILE|URL       same size; white is repainted, black is kept
  --mask-reading HOW    luminance, alpha (what is opaque is repainted) or inverted; default: what the mask suggests,
                        with a note where that is not plain white on black
  --prompt TEXT         what should appear; "" continues the background
  --out OUT.png         where the picture goes; the ending says its kind: .png, or .jpg and .webp, which keep pixels
                        less exactly
  --negative-prompt T   what should not appear
  --steps N             1 to 150; left out: what suits the model where that is known, else 30. 0, which the API
                        allows, paints nothing and is refused
  --guidance N          0 to 20, left out: what suits the model, else 7.5; at 1 and below the negative prompt has no
                        effect
  --seed N              drawn at random when left out, and printed
  --scheduler NAME      ${schedulerNames.join(', ')}; default: what suits the
                        model, else its own
  --strength 1          above 0, at most 1
  --width W --height H  size at which the model works, multiples of 8; default: the model's own, or with --no-crop
                        the picture's
  --crop-padding PX     pixels around the mask's box that the model sees at least; default: as the page does, a
                        quarter of the mask's longer side
  --no-crop             send the whole picture, not the part around the mask
  --no-colour-match     leave the colours of what the model made as they are, where it goes into the original
  --no-paste-back       write what the model made, at its size, without the original around the mask; sends the whole
                        picture unless --crop-padding is given
  --lora SOURCE[:WEIGHT] merge a LoRA into the model: a file, a folder, an address, a Hugging Face id, or
                        ID/FILE.safetensors where it holds several; WEIGHT is 1 when left out; may be repeated
  --embedding SOURCE[:TOKEN] teach the prompts a word (textual inversion), named like a LoRA; TOKEN is what it is called
                        there, to the letter: the file's own name for it when left out; may be repeated
  --threads N           CPU threads; default: all cores
  --help                this text
`;

export interface Arguments {
  model: string;
  image: string;
  mask: string;
  /** By which the mask is read; by default by what it suggests. */
  maskReading?: MaskReading;
  prompt: string;
  out: string;
  negativePrompt?: string;
  steps?: number;
  guidance?: number;
  seed?: number;
  scheduler?: string;
  strength?: number;
  width?: number;
  height?: number;
  /** Image pixels around the mask that are sent with it; `auto` as the page chooses them, `none`: the whole picture. */
  crop: number | 'auto' | 'none';
  pasteBack: boolean;
  colourMatch: boolean;
  loras?: { source: string; weight?: number }[];
  embeddings?: { source: string; token?: string }[];
  threads?: number;
}

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const options = {
  model: text,
  image: text,
  mask: text,
  'mask-reading': text,
  prompt: text,
  out: text,
  'negative-prompt': text,
  steps: text,
  guidance: text,
  seed: text,
  scheduler: text,
  strength: text,
  width: text,
  height: text,
  'crop-padding': text,
  'no-crop': flag,
  'paste-back': flag,
  'no-paste-back': flag,
  'no-colour-match': flag,
  lora: { ...text, multiple: true },
  embedding: { ...text, multiple: true },
  threads: text,
  help: flag,
} as const;
const needed = ['model', 'image', 'mask', 'prompt', 'out'] as const;

/**
 * @param argv the arguments after the program's name
 * @returns `help` where it was asked for
 * @throws InputError naming the argument that is missing, unknown or not a number
 */
export function parseArguments(argv: readonly string[]): Arguments | 'help' {
  const values = readFlags(argv);
  if (values.help) return 'help';
  const missing = needed.filter((name) => values[name] === undefined).map((name) => `--${name}`);
  if (missing.length > 0) {
    const are = missing.length === 1 ? 'is' : 'are';
    throw new InputError('arguments', `${listed(missing)} ${are} missing (see --help)`);
  }
  const required = (name: (typeof needed)[number]): string => {
    const value = values[name] ?? '';
    if (value === '' && name !== 'prompt') throw new InputError(`--${name}`, `--${name} is empty`);
    return value;
  };
  const number = (
    name: 'steps' | 'guidance' | 'seed' | 'strength' | 'width' | 'height' | 'crop-padding' | 'threads',
  ) => {
    const value = values[name];
    if (value === undefined) return undefined;
    const parsed = Number(value);
    if (value.trim() === '' || !Number.isFinite(parsed)) {
      throw new InputError(`--${name}`, `--${name}: "${value}" is not a number`);
    }
    return parsed;
  };
  const whole = (name: 'crop-padding' | 'threads', least: number) => {
    const value = number(name);
    if (value !== undefined && (!Number.isInteger(value) || value < least)) {
      throw new InputError(`--${name}`, `--${name}: ${value} is not a whole number of at least ${least}`);
    }
    return value;
  };
  if (values['paste-back'] && values['no-paste-back']) {
    throw new InputError('--paste-back', '--paste-back and --no-paste-back exclude each other');
  }
  const padding = whole('crop-padding', 0);
  if (padding !== undefined && values['no-crop']) {
    throw new InputError('--no-crop', '--crop-padding and --no-crop exclude each other');
  }
  const pasteBack = !values['no-paste-back'];
  return {
    model: required('model'),
    image: required('image'),
    mask: required('mask'),
    maskReading: readReading(values['mask-reading']),
    prompt: required('prompt'),
    out: required('out'),
    negativePrompt: values['negative-prompt'],
    steps: number('steps'),
    guidance: number('guidance'),
    seed: number('seed'),
    scheduler: values.scheduler,
    strength: number('strength'),
    width: number('width'),
    height: number('height'),
    // What is not pasted back is diffusers' own picture, and that is of the whole one.
    crop: padding ?? (values['no-crop'] || !pasteBack ? 'none' : 'auto'),
    pasteBack,
    colourMatch: !values['no-colour-match'],
    loras: values.lora?.map(readLora),
    embeddings: values.embedding?.map(readEmbedding),
    threads: whole('threads', 1),
  };
}

function readReading(value: string | undefined): MaskReading | undefined {
  const reading = maskReadings.find((name) => name === value);
  if (value === undefined || reading !== undefined) return reading;
  throw new InputError('--mask-reading', `--mask-reading: "${value}" is none of ${maskReadings.join(', ')}`);
}

/** A number after the last colon is the weight; other colons belong to addresses. */
function readLora(value: string): { source: string; weight?: number } {
  const [, source, weight] = /^(.+):([-+]?(?:\d+\.?\d*|\.\d+))$/.exec(value) ?? [];
  if (source === undefined) {
    if (value === '') throw new InputError('--lora', '--lora is empty');
    return { source: value };
  }
  return { source, weight: Number(weight) };
}

/** What follows the last colon is the word, unless it is the rest of an address or of a path. */
function readEmbedding(value: string): { source: string; token?: string } {
  if (value === '') throw new InputError('--embedding', '--embedding is empty');
  const colon = value.lastIndexOf(':');
  const token = value.slice(colon + 1);
  if (colon < 1 || /[/\\]/.test(token)) return { source: value };
  if (token.trim() === '') {
    throw new InputError(
      '--embedding',
      `--embedding: no word follows the colon of "${value}"; name it, or leave the colon out`,
    );
  }
  return { source: value.slice(0, colon), token };
}

/** More slips than that are another word. */
const MOST_SLIPS = 2;

/** @throws InputError (`arguments`) naming what is unknown, has no value or belongs to no option */
function readFlags(argv: readonly string[]) {
  // parseArgs' own checks answer `--seed -1` with a lesson on ambiguity: its tokens are judged here.
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, tokens: true });
  const wrong = (what: string) => new InputError('arguments', `${what} (see --help)`);
  for (const token of tokens) {
    if (token.kind === 'positional') {
      throw wrong(`"${token.value}" belongs to no option (a text of several words needs quotes)`);
    }
    if (token.kind !== 'option') continue;
    const { name, rawName, value, inlineValue } = token;
    if (!Object.hasOwn(options, name)) throw wrong(unknownOption(name, rawName));
    const { type } = options[name as keyof typeof options];
    if (type === 'boolean') {
      if (value !== undefined) throw wrong(`${rawName} takes no value`);
    } else if (value === undefined || (!inlineValue && value.startsWith('--'))) {
      const next = value === undefined ? '' : ` before ${value}`;
      throw wrong(`${rawName} needs a value${next} (one that begins with -- is written ${rawName}=VALUE)`);
    }
  }
  const args = tokens.flatMap((token) => {
    if (token.kind !== 'option') return [];
    return token.value === undefined ? `--${token.name}` : `--${token.name}=${token.value}`;
  });
  return parseArgs({ args, options }).values;
}

function unknownOption(name: string, rawName: string): string {
  const near = Object.keys(options)
    .map((option) => ({ option, slips: distance(name, option) }))
    .sort((a, b) => a.slips - b.slips)[0];
  const meant = near && near.slips <= MOST_SLIPS ? `; did you mean --${near.option}?` : '';
  return `there is no option ${rawName}${meant}`;
}

/** `--image, --mask and --out` */
function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join() : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
