/** The command line's arguments, checked before anything is read or loaded. */
import { parseArgs } from 'node:util';
import { InputError, messageOf } from '../engine/errors';
import { schedulerNames } from '../engine/schema';

export const usage = `Usage: npm run --silent inpaint -- --model DIR|URL|ID --image FILE|URL --mask FILE|URL --prompt TEXT --out OUT.png

Repaints the white part of the mask and writes a PNG. Prints one line of JSON on standard output.

  --model NAME          a folder in the diffusers layout, the URL of one, a Hugging Face id, or "starter"
  --image FILE|URL      the picture: PNG, JPEG, WebP, AVIF, GIF or TIFF
  --mask FILE|URL       same size; white is repainted, black is kept
  --prompt TEXT         what should appear; "" continues the background
  --out OUT.png         where the picture goes
  --negative-prompt T   what should not appear
  --steps 30            0 to 150
  --guidance 7.5        0 to 20; at 1 and below the negative prompt has no effect
  --seed N              drawn at random when left out, and printed
  --scheduler NAME      ${schedulerNames.join(', ')}; default: the model's own
  --strength 1          above 0, at most 1
  --width W --height H  size at which the model works, multiples of 8; default: the picture's, or with
                        --crop-padding the model's own
  --crop-padding PX     send only the mask's box and PX pixels around it
  --no-colour-match     leave the colours of what the model made as they are, where it goes into the original
  --no-paste-back       write what the model made, at its size, without the original around the mask
  --lora SOURCE[:WEIGHT] merge a LoRA into the model: a file, a folder, an address, a Hugging Face id, or
                        ID/FILE.safetensors where it holds several; WEIGHT is 1 when left out; may be repeated
  --threads N           CPU threads; default: all cores
  --help                this text
`;

export interface Arguments {
  model: string;
  image: string;
  mask: string;
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
  cropPadding?: number;
  pasteBack: boolean;
  colourMatch: boolean;
  loras?: { source: string; weight?: number }[];
  threads?: number;
}

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;

/**
 * @param argv the arguments after the program's name
 * @returns `help` where it was asked for
 * @throws InputError naming the argument that is missing, unknown or not a number
 */
export function parseArguments(argv: readonly string[]): Arguments | 'help' {
  const values = readFlags(argv);
  if (values.help) return 'help';
  const required = (name: 'model' | 'image' | 'mask' | 'prompt' | 'out'): string => {
    const value = values[name];
    if (value === undefined) throw new InputError(`--${name}`, `--${name} is missing`);
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
      throw new InputError(`--${name}`, `--${name}: "${value}" is no number`);
    }
    return parsed;
  };
  const whole = (name: 'crop-padding' | 'threads', least: number) => {
    const value = number(name);
    if (value !== undefined && (!Number.isInteger(value) || value < least)) {
      throw new InputError(`--${name}`, `--${name}: ${value} is no whole number of at least ${least}`);
    }
    return value;
  };
  if (values['paste-back'] && values['no-paste-back']) {
    throw new InputError('--paste-back', '--paste-back and --no-paste-back exclude each other');
  }
  return {
    model: required('model'),
    image: required('image'),
    mask: required('mask'),
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
    cropPadding: whole('crop-padding', 0),
    pasteBack: !values['no-paste-back'],
    colourMatch: !values['no-colour-match'],
    loras: values.lora?.map(readLora),
    threads: whole('threads', 1),
  };
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

function readFlags(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        model: text,
        image: text,
        mask: text,
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
        'paste-back': flag,
        'no-paste-back': flag,
        'no-colour-match': flag,
        lora: { ...text, multiple: true },
        threads: text,
        help: flag,
      },
    }).values;
  } catch (error) {
    // parseArgs says which argument and why, e.g. "Unknown option '--modle'".
    throw new InputError('arguments', messageOf(error));
  }
}
