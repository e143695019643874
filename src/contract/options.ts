/**
 * Run options as rows: what each is called, where it appears, and why the hosted API may lack it. Settings and their
 * checks, field errors, recipes, request code, command-line arguments with `--help`, and the page's fields follow from
 * these rows; ranges and defaults come from the schema.
 */
import { z } from 'zod';
import {
  type InpaintRequest,
  inpaintRequestSchema,
  type LocalOptions,
  localOptionsSchema,
  type PageOptions,
  pageOptionsSchema,
  schedulerNames,
} from './schema';
import { type Task, taskOf, variesBySeed } from './tasks';

/** The contract's objects without images, and without what no user sets. */
export const requestOptions = inpaintRequestSchema.omit({ image_url: true, mask_url: true });
export const localOptions = localOptionsSchema.omit({ leftToModel: true });

/** Which object of the contract a field belongs to. */
export type OptionScope = 'request' | 'local' | 'page';
const shapes = {
  request: requestOptions.shape,
  local: localOptions.shape,
  page: pageOptionsSchema.shape,
} satisfies Record<OptionScope, z.ZodRawShape>;

export type RequestOptions = Omit<InpaintRequest, 'image_url' | 'mask_url'>;
/** Every option's value, checked. */
export type OptionValues = RequestOptions & Omit<LocalOptions, 'leftToModel'> & PageOptions;
export type OptionField = keyof OptionValues;

const schemas: Readonly<Record<OptionField, z.ZodType>> = {
  ...shapes.request,
  ...shapes.local,
  ...shapes.page,
};

/** An option's schema without its default. */
function bareSchema(field: OptionField): z.ZodType {
  const schema = schemas[field];
  return schema instanceof z.ZodDefault || schema instanceof z.ZodOptional
    ? (schema.unwrap() as z.ZodType)
    : schema;
}

/** The range of a number, as its schema has it. @throws TypeError for other kinds */
export function rangeOf(field: OptionField): { min: number; max: number } {
  const schema = bareSchema(field);
  if (!(schema instanceof z.ZodNumber)) throw new TypeError(`${field} is not a number`);
  return { min: schema.minValue ?? 0, max: schema.maxValue ?? Number.MAX_SAFE_INTEGER };
}

export interface Choice {
  /** Blank: nothing is chosen, and the field is left out. */
  value: string;
  label: string;
  group?: string;
}

export interface OptionRow {
  /** Its name on the page and in messages. */
  label: string;
  /** Shown instead of the label in narrow places; the accessible name stays. */
  shortLabel?: string;
  /** A line beneath its field on the page. */
  note?: string;
  /** What an empty field means, in the field itself; without it the default is shown. */
  placeholder?: string;
  /** What an empty field means, after a message about a wrong value. */
  whenEmpty?: string;
  /** The command line's argument; `value` is absent for a switch, which sets the opposite of the default. */
  flag?: { name: string; value?: string; help: string };
  /** A standard control on the page: in the panel itself or under “More settings”, and how much of a line it takes. */
  control?: { at: 'panel' | 'more'; width: 'third' | 'half' | 'full' };
  /** Of a number field: the step of its arrows, and a least value that suits that step. */
  step?: number | 'any';
  least?: number;
  choices?: readonly Choice[];
  /** Why it cannot be set for the hosted API; such an option counts as untouched there. */
  hostedReason?: string;
  /** Why it makes no difference for models of a task. */
  taskReason?: Partial<Record<Task, string>>;
  /** The value of another field at which this one makes no difference, and why. */
  idle?: { field: OptionField; at: number; reason: string };
  /** Its name among the settings that AUTOMATIC1111 and programs after it keep in a PNG. */
  parameter?: string;
}

const NO_STEPS = 'Removing has no steps.';
const NO_PROMPT = 'Removing needs no prompt.';
const TAKEN_WHOLE = 'What is masked is taken away whole.';
const OWN_SIZE = 'Removing works at a size of its own.';
const SAME_EVERY_TIME = 'This model gives the same result every time.';
const AT_STRENGTH_1 = 'The hosted API always repaints at strength 1.';

/** In the order of the panel and of `--help`. */
export const optionRows: Readonly<Record<OptionField, OptionRow>> = {
  model_name: {
    label: 'Model',
    flag: {
      name: 'model',
      value: 'NAME',
      help: 'a folder in the diffusers layout, the URL of one, a Hugging Face id, "starter", or "fill", which removes',
    },
  },
  prompt: {
    label: 'Prompt',
    taskReason: { remove: 'Removing needs no prompt: what is around the mask goes on.' },
    placeholder: 'Describe what should be there',
    flag: {
      name: 'prompt',
      value: 'TEXT',
      help: 'what should appear; "" continues the background; not needed with "fill"',
    },
  },
  negative_prompt: {
    label: 'Negative prompt',
    taskReason: { remove: NO_PROMPT },
    placeholder: 'What should not appear',
    flag: { name: 'negative-prompt', value: 'TEXT', help: 'what should not appear' },
  },
  num_inference_steps: {
    label: 'Steps',
    taskReason: { remove: NO_STEPS },
    step: 1,
    control: { at: 'panel', width: 'third' },
    flag: {
      name: 'steps',
      value: 'N',
      help:
        `1 to ${rangeOf('num_inference_steps').max}; default: what suits the model if that is known, otherwise ` +
        `${defaultOf('num_inference_steps')}. The API also allows 0, which generates nothing and is refused here`,
    },
    parameter: 'Steps',
  },
  guidance_scale: {
    label: 'Guidance scale',
    taskReason: { remove: NO_PROMPT },
    shortLabel: 'Guidance',
    step: 'any',
    control: { at: 'panel', width: 'third' },
    flag: {
      name: 'guidance',
      value: 'N',
      help:
        `0 to ${rangeOf('guidance_scale').max}; default: what suits the model if that is known, otherwise ` +
        `${defaultOf('guidance_scale')}. At 1 and below the negative prompt has no effect`,
    },
    parameter: 'CFG scale',
  },
  seed: {
    label: 'Seed',
    step: 1,
    placeholder: 'random',
    whenEmpty: 'Leave empty for a random one.',
    control: { at: 'panel', width: 'third' },
    flag: { name: 'seed', value: 'N', help: 'default: random; the seed that was used is printed' },
    parameter: 'Seed',
  },
  variations: { label: 'Variations', step: 1, control: { at: 'more', width: 'third' } },
  crop_padding: {
    label: 'Crop padding',
    shortLabel: 'Padding',
    step: 8,
    placeholder: 'auto',
    whenEmpty: 'Leave empty to choose it automatically.',
    control: { at: 'more', width: 'third' },
    flag: {
      name: 'crop-padding',
      value: 'PX',
      help:
        'how many pixels around the mask the model sees at least; default: a quarter of the longer side of the ' +
        'masked area, as on the page',
    },
  },
  feather: {
    label: 'Feather',
    step: 1,
    placeholder: 'auto',
    whenEmpty: 'Leave empty to choose it automatically.',
    control: { at: 'more', width: 'third' },
  },
  colour_match: {
    label: 'Match colours',
    taskReason: { remove: 'What is removed is replaced by the image’s own colours.' },
    note: 'Blends the result into the colours around the mask.',
    control: { at: 'more', width: 'full' },
    flag: {
      name: 'no-colour-match',
      help: 'do not match the colours of the result to those of the image around it',
    },
  },
  strength: {
    label: 'Strength',
    taskReason: { remove: TAKEN_WHOLE },
    step: 0.05,
    least: 0.05,
    control: { at: 'more', width: 'half' },
    flag: {
      name: 'strength',
      value: 'N',
      help: 'above 0, at most 1; default: 1, which starts from pure noise',
    },
    hostedReason: AT_STRENGTH_1,
    parameter: 'Denoising strength',
  },
  mask_content: {
    label: 'Mask content',
    taskReason: { remove: TAKEN_WHOLE },
    note: 'What the masked area starts from.',
    flag: {
      name: 'mask-content',
      value: 'WHAT',
      help:
        'what the masked area starts from at a strength below 1: original, fill (what is around it goes on there), blur, ' +
        'border (its colours) or noise; default: original. Not with --no-paste-back, which sends the image as it is',
    },
    control: { at: 'more', width: 'half' },
    choices: [
      { value: 'original', label: 'The image itself' },
      { value: 'fill', label: 'What is around it, continued' },
      { value: 'blur', label: 'The image, blurred' },
      { value: 'border', label: 'Colours of the border' },
      { value: 'noise', label: 'Noise' },
    ],
    hostedReason: AT_STRENGTH_1,
    idle: {
      field: 'strength',
      at: 1,
      reason:
        'At strength 1 the masked area starts from pure noise. Lower the strength to start from the image.',
    },
  },
  scheduler: {
    label: 'Scheduler',
    taskReason: { remove: NO_STEPS },
    note: 'The sampling method. LoRAs made for few steps need LCM or TCD.',
    control: { at: 'more', width: 'full' },
    choices: [
      { value: '', label: 'Model default' },
      ...schedulerNames.map((name) => ({ value: name, label: name, group: schedulerGroup(name) })),
    ],
    flag: {
      name: 'scheduler',
      value: 'NAME',
      help: `${schedulerNames.join(', ')}; default: what suits the model, otherwise its own`,
    },
    hostedReason: 'The hosted API chooses its own scheduler.',
    parameter: 'Sampler',
  },
  width: {
    label: 'Width',
    taskReason: { remove: OWN_SIZE },
    flag: {
      name: 'width',
      value: 'PX',
      help: 'width at which the model works, a multiple of 8; default: the model’s own, or with --no-crop the image’s',
    },
  },
  height: {
    label: 'Height',
    taskReason: { remove: OWN_SIZE },
    flag: { name: 'height', value: 'PX', help: 'height at which the model works, likewise' },
  },
  loras: {
    label: 'LoRAs',
    taskReason: { remove: 'Models that remove take no LoRAs.' },
    control: { at: 'more', width: 'full' },
    flag: {
      name: 'lora',
      value: 'SOURCE[:WEIGHT]',
      help:
        'merge a LoRA into the model: a file, a folder, a URL, a Hugging Face id, or ID/FILE.safetensors if the ' +
        'repository has several; default weight: 1; may be repeated',
    },
    hostedReason: 'The hosted API takes no LoRAs.',
  },
  embeddings: {
    label: 'Embeddings',
    taskReason: { remove: NO_PROMPT },
    control: { at: 'more', width: 'full' },
    flag: {
      name: 'embedding',
      value: 'SOURCE[:TOKEN]',
      help:
        'teach the prompts a word (textual inversion), named like a LoRA; TOKEN is the exact word, default: the ' +
        'one that the file gives; may be repeated',
    },
    hostedReason: 'The hosted API takes no embeddings.',
  },
};

/** Thirty names in one list are too many to look through. */
function schedulerGroup(name: string): string {
  if (name.startsWith('DPM')) return 'DPM and DPM++';
  return name === 'LCM' || name === 'TCD' ? 'For few steps' : 'Others';
}

export const optionFields = Object.keys(optionRows) as readonly OptionField[];

export function isOptionField(name: string): name is OptionField {
  return Object.hasOwn(optionRows, name);
}

/** @returns why an option makes no difference for this model, as far as its name tells; undefined if it does */
export function reasonUnused(field: OptionField, modelName: string): string | undefined {
  if ((field === 'seed' || field === 'variations') && !variesBySeed(modelName)) return SAME_EVERY_TIME;
  return optionRows[field].taskReason?.[taskOf(modelName)];
}

interface ScopeValues {
  request: RequestOptions;
  local: Omit<LocalOptions, 'leftToModel'>;
  page: PageOptions;
}

/** The fields of one object of the contract, in its order. */
export function fieldsIn<Scope extends OptionScope>(
  scope: Scope,
): (keyof ScopeValues[Scope] & OptionField)[] {
  return Object.keys(shapes[scope]) as (keyof ScopeValues[Scope] & OptionField)[];
}

/** Those of `values` that belong to one object of the contract; what is undefined is left out. */
export function pickOptions<Scope extends OptionScope, Values extends Partial<Record<OptionField, unknown>>>(
  scope: Scope,
  values: Values,
): Pick<Values, keyof Values & keyof ScopeValues[Scope]> {
  const entries = fieldsIn(scope).map((field) => [field, values[field]] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as Values;
}

/** @returns the value an option has when nobody sets it; undefined if it is left out then, or has to be given */
export function defaultOf<Field extends OptionField>(field: Field): OptionValues[Field] | undefined {
  return schemas[field].safeParse(undefined).data as OptionValues[Field] | undefined;
}

export type OptionKind = 'number' | 'toggle' | 'choice' | 'list' | 'text';

/** What kind of value an option takes. */
export function kindOf(field: OptionField): OptionKind {
  const schema = bareSchema(field);
  if (schema instanceof z.ZodNumber) return 'number';
  if (schema instanceof z.ZodBoolean) return 'toggle';
  if (schema instanceof z.ZodArray) return 'list';
  return optionRows[field].choices ? 'choice' : 'text';
}
