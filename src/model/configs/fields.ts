/** What the parsers of a checkpoint's `config.json` files share: limits, kinds of fields, and how errors name them. */
import { z } from 'zod';
import { UnsupportedError } from '../../contract/errors';
import type { Activation } from '../../graph/layers/nn';

/**
 * Upper limits: several times what published checkpoints have. Graphs are built and their memory is estimated from these
 * numbers before any weight is read, so without limits a kilobyte of JSON could ask for any amount of time and memory.
 */
export const MAX = {
  /** Resolutions of a UNet or an autoencoder; published: 5. */
  levels: 8,
  /** Residual blocks of one resolution; published: 2, 3 on the way up. */
  blocks: 8,
  /** Transformer layers of one block; published: 10. */
  depth: 24,
  /** Transformer layers of a UNet in all; published: 70. */
  allDepths: 256,
  /** Attention scores (heads × tokens²) of one row in a whole UNet at its own size; published: 3e9. */
  scores: 2e10,
  /** Layers of a text encoder; published: 32. */
  layers: 64,
  /** Channels, widths and groups; published: 5,120 (the inner width of SDXL's text encoder). */
  width: 65_536,
  /** Heads of an attention; published: 20. */
  heads: 256,
  /** Tokens of a vocabulary; published: 49,408 and some hundred of textual inversions. */
  vocabulary: 1_000_000,
  /** Tokens of a text; published: 77, and 248 of those made for longer ones. */
  positions: 512,
  /** Side of a picture's latents; published: 128. */
  side: 256,
} as const;

/** What a graph's floats can hold. */
export const MAX_FLOAT32 = 3.4028234663852886e38;
/** Added to a variance; published: 1e-6 and 1e-5. */
export const epsilon = z.number().positive().max(1, 'larger than any variance that it could be added to');

export function countUpTo(most: number) {
  const message = `is more than the ${most} that any model has`;
  return z.number().int().positive().max(most, { error: message });
}

/** One for each level. */
export function countsUpTo(most: number) {
  return z.array(countUpTo(most)).min(1).max(MAX.levels, `has more than ${MAX.levels} levels`);
}

export const count = countUpTo(MAX.width);
export const counts = countsUpTo(MAX.width);
export const blockCount = countUpTo(MAX.blocks);
export const depth = countUpTo(MAX.depth);
export const headCount = countUpTo(MAX.heads);
export const side = countUpTo(MAX.side);

/** A field that may be absent or null; both mean the default. */
export function withDefault<Type extends z.ZodType>(type: Type, value: z.output<Type>) {
  return type.nullish().transform((given) => given ?? value);
}

/** A field that must be absent, null or one of the values that change nothing. */
export function only(...values: readonly (string | number | boolean)[]) {
  const shown = values.map((value) => JSON.stringify(value)).join(' or ');
  return z
    .unknown()
    .refine((given) => given === undefined || given === null || values.some((value) => same(given, value)), {
      error: (issue) =>
        `is ${JSON.stringify(issue.input)}, which Inlay cannot build${shown && `; it knows ${shown}`}`,
    })
    .optional(); // zod counts an absent key as no unknown: old files lack most of these fields
}

export function same(given: unknown, value: unknown): boolean {
  return Array.isArray(given) ? given.every((item) => item === value) : given === value;
}

const activations: Readonly<Record<string, Activation>> = {
  silu: 'silu',
  swish: 'silu',
  gelu: 'gelu',
  gelu_new: 'gelu_tanh',
  gelu_pytorch_tanh: 'gelu_tanh',
  quick_gelu: 'quick_gelu',
  relu: 'relu',
};
export function activation(fallback: Activation) {
  return z
    .string()
    .nullish()
    .transform((name, context) => {
      if (name === null || name === undefined) return fallback;
      // A plain object inherits names such as "constructor".
      const known = Object.hasOwn(activations, name) ? activations[name] : undefined;
      if (known !== undefined) return known;
      context.addIssue(`is "${name}"; Inlay knows ${Object.keys(activations).join(', ')}`);
      return z.NEVER;
    });
}

export function parse<Schema extends z.ZodType>(
  component: string,
  schema: Schema,
  json: unknown,
): z.output<Schema> {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw wrong(component, issue?.path.join('.') || '(the whole file)', issue?.message ?? 'is not valid');
}

export function required<Item>(component: string, field: string, value: Item | undefined): Item {
  if (value === undefined) throw wrong(component, field, 'is missing');
  return value;
}

export function wrong(component: string, field: string, message: string): UnsupportedError {
  return new UnsupportedError(`${component}/config.json: ${field} ${message}`);
}
