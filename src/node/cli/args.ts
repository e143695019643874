/** The command line's arguments, checked before anything is read or loaded. */
import { parseArgs } from 'node:util';
import { type AssistPoint, MAX_POINTS } from '../../contract/assist';
import { InputError } from '../../contract/errors';
import {
  defaultOf,
  kindOf,
  type OptionField,
  pickOptions,
  type RequestOptions,
} from '../../contract/options';
import { schedulerNamed } from '../../contract/schedulers';
import { type LocalOptionsInput, type PageOptions, schedulerNames } from '../../contract/schema';
import { MAX_NAMES, MAX_THING_CHARACTERS } from '../../contract/selectors';
import { taskOf } from '../../contract/tasks';
import { type MaskReading, maskReadings } from '../../image/mask/maskReading';
import { type MaskContent, maskContents } from '../../image/maskContent';
import { distance } from '../../model/source/nameSuggestions';
import { clickModels, flags, neededFlags } from './flags';

export interface Arguments {
  image: string;
  /** Absent: what `select` names. */
  mask?: string;
  /** Places of a thing in the image, and places that do not belong to it; in image pixels. */
  select: readonly AssistPoint[];
  /** Names of things in the image. */
  selectNames: readonly string[];
  /** Which model of the Hub finds things at places; absent: the one that comes with Inlay. */
  selectModel?: string | undefined;
  /** Where the mask goes, too. */
  maskOut?: string;
  /** How the mask is read; absent: detected. */
  maskReading?: MaskReading;
  out: string;
  /** The request's fields that were given, by their names in the API; not yet in their ranges. */
  request: Pick<RequestOptions, 'model_name' | 'prompt'> & Partial<RequestOptions>;
  /** Those of the local options; not yet in their ranges either. */
  options: Omit<LocalOptionsInput, 'leftToModel'>;
  /** Image pixels around the mask that are sent with it; `auto`: as on the page; `none`: the whole image. */
  crop: number | 'auto' | 'none';
  pasteBack: boolean;
  colourMatch: boolean;
  maskContent: MaskContent;
  threads?: number;
}

/**
 * @param argv the arguments after the program's name
 * @returns `help` if it was asked for
 * @throws InputError naming the argument that is missing, unknown or not a number
 */
export function parseArguments(argv: readonly string[]): Arguments | 'help' {
  const values = readFlags(argv);
  if (values.help) return 'help';
  checkComplete(values);
  const text = (name: string): string | undefined => {
    const { [name]: value } = values;
    return typeof value === 'string' ? value : undefined;
  };
  if (values['paste-back'] && values['no-paste-back']) {
    throw new InputError('--paste-back', '--paste-back and --no-paste-back exclude each other');
  }
  const padding = wholeNumber('crop-padding', text('crop-padding'), 0);
  if (padding !== undefined && values['no-crop']) {
    throw new InputError('--no-crop', '--crop-padding and --no-crop exclude each other');
  }
  const pasteBack = !values['no-paste-back'];
  const given = givenOptions(values);
  return {
    image: text('image') ?? '',
    mask: text('mask'),
    select: [...readPlaces('select', values, true), ...readPlaces('select-not', values, false)],
    selectNames: readNames(values['select-name']),
    selectModel: oneOf('select-model', text('select-model'), clickModels),
    maskOut: text('mask-out'),
    maskReading: oneOf('mask-reading', text('mask-reading'), maskReadings),
    out: text('out') ?? '',
    request: pickOptions('request', given),
    options: pickOptions('local', given),
    // Without paste-back the result is diffusers' own, which is of the whole image.
    crop: padding ?? (values['no-crop'] || !pasteBack ? 'none' : 'auto'),
    pasteBack,
    colourMatch: given.colour_match !== false,
    maskContent: oneOf('mask-content', given.mask_content, maskContents) ?? 'original',
    threads: wholeNumber('threads', text('threads'), 1),
  };
}

type Values = Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>;

/** @throws InputError naming all arguments that are missing, or the first that is empty */
function checkComplete(values: Values): void {
  // What is removed needs no description.
  const removes = typeof values.model === 'string' && taskOf(values.model) === 'remove';
  const selecting = ['select', 'select-name'].find((name) => values[name] !== undefined);
  const selects = selecting !== undefined;
  if (selects && values.mask !== undefined)
    throw new InputError(`--${selecting}`, `--${selecting} and --mask exclude each other`);
  if (selects && values['mask-reading'] !== undefined)
    throw new InputError(
      '--mask-reading',
      `--mask-reading is for --mask: what --${selecting} finds needs no reading`,
    );
  if (values['select-not'] !== undefined && !selects)
    throw new InputError('--select-not', '--select-not needs --select or --select-name: what it corrects');
  if (values['select-model'] !== undefined && !selects)
    throw new InputError('--select-model', '--select-model needs --select or --select-name');
  const names = neededFlags
    .map(({ name }) => name)
    .filter((name) => !(name === 'prompt' && removes) && !(name === 'mask' && selects));
  const missing = names.filter((name) => values[name] === undefined).map((name) => `--${name}`);
  if (missing.length > 0) {
    const are = missing.length === 1 ? 'is' : 'are';
    throw new InputError('arguments', `${listed(missing)} ${are} missing (see --help)`);
  }
  const empty = names.find((name) => values[name] === '' && name !== 'prompt');
  if (empty !== undefined) throw new InputError(`--${empty}`, `--${empty} is empty`);
}

type Given = Arguments['request'] & Arguments['options'] & Partial<PageOptions>;

/** What was given of the run options, by field: numbers as numbers, lists in their parts. */
function givenOptions(values: Values): Given {
  const given = flags.flatMap(({ name, field }) => {
    const { [name]: value } = values;
    return field === undefined || value === undefined ? [] : [[field, readOption(field, name, value)]];
  });
  return { prompt: '', ...Object.fromEntries(given) } as unknown as Given;
}

function readOption(field: OptionField, name: string, value: NonNullable<Values[string]>): unknown {
  if (typeof value === 'boolean') return !defaultOf(field);
  if (typeof value !== 'string') return value.map((each) => listReaders[field]?.(String(each)) ?? each);
  if (field === 'scheduler') return readScheduler(value);
  return kindOf(field) === 'number' ? readNumber(name, value) : value;
}

const listReaders: Partial<Record<OptionField, (value: string) => object>> = {
  loras: readLora,
  embeddings: readEmbedding,
};

/** @throws InputError if it is not a number */
function readNumber(name: string, value: string): number {
  const parsed = Number(value);
  if (value.trim() === '' || !Number.isFinite(parsed)) {
    throw new InputError(`--${name}`, `--${name}: "${value}" is not a number`);
  }
  return parsed;
}

/** @throws InputError if it is not a whole number, or below the least */
function wholeNumber(name: string, value: string | undefined, least: number): number | undefined {
  const parsed = value === undefined ? undefined : readNumber(name, value);
  if (parsed !== undefined && (!Number.isInteger(parsed) || parsed < least)) {
    throw new InputError(`--${name}`, `--${name} must be a whole number, ${least} or more`);
  }
  return parsed;
}

/** @throws InputError if there is no such scheduler, suggesting the likely one if there is one */
function readScheduler(value: string): string {
  const known = schedulerNamed(value);
  if (known !== undefined) return known;
  const meant = nearest(value.toLowerCase(), schedulerNames, (name) => name.toLowerCase());
  const advice =
    meant === undefined ? `choose one of ${schedulerNames.join(', ')}` : `did you mean "${meant}"?`;
  throw new InputError('--scheduler', `--scheduler: unknown scheduler "${value.slice(0, 100)}"; ${advice}`);
}

/** @throws InputError if one is not two numbers, or there are too many */
function readPlaces(name: string, values: Values, include: boolean): AssistPoint[] {
  const given = values[name];
  if (typeof given !== 'object') return [];
  if (given.length > MAX_POINTS) throw new InputError(`--${name}`, `--${name}: at most ${MAX_POINTS} places`);
  return given.map((value) => {
    const [, x, y] = /^(\d+(?:\.\d+)?),(\d+(?:\.\d+)?)$/.exec(String(value)) ?? [];
    if (x === undefined || y === undefined) {
      throw new InputError(
        `--${name}`,
        `--${name}: "${String(value).slice(0, 100)}" is not a place in the image; write it as X,Y, such as --${name} 320,240`,
      );
    }
    return { x: Number(x), y: Number(y), include };
  });
}

/** @throws InputError if one is empty or too long, or there are too many */
function readNames(given: Values[string]): string[] {
  if (typeof given !== 'object') return [];
  const names = given.flatMap((value) => String(value).split(',')).map((name) => name.trim());
  const flag = '--select-name';
  if (names.includes('')) throw new InputError(flag, `${flag}: a name is empty`);
  if (names.some((name) => name.length > MAX_THING_CHARACTERS))
    throw new InputError(flag, `${flag}: a name has at most ${MAX_THING_CHARACTERS} characters`);
  if (names.length > MAX_NAMES) throw new InputError(flag, `${flag}: at most ${MAX_NAMES} names`);
  return names;
}

/** @throws InputError if it is given and none of the choices */
function oneOf<Choice extends string>(
  name: string,
  value: string | undefined,
  choices: readonly Choice[],
): Choice | undefined {
  const choice = choices.find((each) => each === value);
  if (value === undefined || choice !== undefined) return choice;
  throw new InputError(
    `--${name}`,
    `--${name}: "${value.slice(0, 100)}" is not one of ${choices.join(', ')}`,
  );
}

/** A number after the last colon is the weight; other colons belong to URLs. */
function readLora(value: string): { source: string; weight?: number } {
  const [, source, weight] = /^(.+):([-+]?(?:\d+\.?\d*|\.\d+))$/.exec(value) ?? [];
  if (source === undefined) {
    if (value === '') throw new InputError('--lora', '--lora is empty');
    return { source: value };
  }
  return { source, weight: Number(weight) };
}

/** What follows the last colon is the word, unless it is the rest of a URL or of a path. */
function readEmbedding(value: string): { source: string; token?: string } {
  if (value === '') throw new InputError('--embedding', '--embedding is empty');
  const colon = value.lastIndexOf(':');
  const token = value.slice(colon + 1);
  if (colon < 1 || /[/\\]/.test(token)) return { source: value };
  if (token.trim() === '') {
    throw new InputError(
      '--embedding',
      `--embedding: no word follows the colon of "${value}"; add one, or leave the colon out`,
    );
  }
  return { source: value.slice(0, colon), token };
}

/** @throws InputError (`arguments`) naming an argument that is unknown, has no value or belongs to no option */
function readFlags(argv: readonly string[]): Values {
  const options = Object.fromEntries(
    flags.map(({ name, value, mayRepeat }) => [
      name,
      { type: value === undefined ? 'boolean' : 'string', multiple: mayRepeat ?? false } as const,
    ]),
  );
  // parseArgs' own checks answer `--seed -1` with a lesson on ambiguity, so its tokens are checked here.
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, tokens: true });
  const wrong = (what: string) => new InputError('arguments', `${what} (see --help)`);
  for (const token of tokens) {
    if (token.kind === 'positional') {
      throw wrong(`"${token.value}" belongs to no option (a text of several words needs quotes)`);
    }
    if (token.kind !== 'option') continue;
    const { name, rawName, value, inlineValue } = token;
    const option = Object.hasOwn(options, name) ? options[name] : undefined;
    if (option === undefined) throw wrong(unknownOption(name, rawName));
    if (option.type === 'boolean') {
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
  const meant = nearest(name, flags, (row) => row.name);
  return `there is no option ${rawName}${meant ? `; did you mean --${meant.name}?` : ''}`;
}

/** More typing errors than that make another word. */
const MAX_ERRORS = 2;
/** Characters that are compared: no name is as long, and comparing takes the product of both lengths. */
const MAX_TYPED = 100;

/** @returns the entry whose name is nearest to what was typed; undefined if none is near */
function nearest<Entry>(
  typed: string,
  entries: readonly Entry[],
  nameOf: (entry: Entry) => string,
): Entry | undefined {
  const [first] = entries
    .map((entry) => ({ entry, errors: distance(typed.slice(0, MAX_TYPED), nameOf(entry)) }))
    .sort((a, b) => a.errors - b.errors);
  return first && first.errors <= MAX_ERRORS ? first.entry : undefined;
}

/** `--image, --mask and --out` */
function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join() : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
