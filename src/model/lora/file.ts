/**
 * What a LoRA's file holds: pairs of thin matrices, one for each weight that they change, under the names of the
 * program that wrote them. Nothing is loaded here. Facts: diffusers, loaders/lora_conversion_utils.py and
 * utils/state_dict_utils.py; kohya's sd-scripts, networks/lora.py; LyCORIS, modules/locon.py.
 */
import type { CheckpointError } from '../../contract/errors';
import type { IndexedTensor, StoredCheckpoint } from '../checkpoint/reader';
import { weightFolders } from '../families';
import { loraError } from './error';

/** The change to one weight: `up · down`, or `up · mid · down` for convolutions in LyCORIS' Tucker form. */
export interface LoraModule {
  /** Folder of the network, e.g. `text_encoder_2`. */
  component: string;
  /** The changed weight: with dots as in the model, or all underscores as kohya's trainer writes it. */
  name: string;
  isUnderscored: boolean;
  /** Keys of the halves, for errors. */
  key: string;
  upKey: string;
  /** [rank, in, …] */
  down: IndexedTensor;
  /** [out, rank, …] */
  up: IndexedTensor;
  /** [rank, rank, height, width] */
  mid?: IndexedTensor;
  /** A tensor with one value: the pair is scaled by `alpha / rank`, or by 1 if it is absent. */
  alpha?: IndexedTensor | number;
  /** The pair counts `alpha / √rank` times. */
  isRankStabilized?: boolean;
}

export interface LoraFile {
  /** Its name in errors. */
  name: string;
  modules: readonly LoraModule[];
  metadata: Readonly<Record<string, string>>;
  keys: readonly string[];
}

/** Other kinds of weight changes, by a key that only they have. */
const otherKinds: readonly [name: string, key: RegExp][] = [
  ['a DoRA', /\.(dora_scale|lora_magnitude_vector)\b/],
  ['a LoKr', /\.lokr_(w1|w2|t1|t2)/],
  ['a LoHa', /\.hada_(w1|w2|t1|t2)/],
  ['an OFT', /\.oft_(blocks|diag|R)\b/],
  ['an (IA)³', /\.on_input$/],
  ['a GLoRA', /\.[ab][12]\.weight$/],
  ['a file of whole differences (LyCORIS "full" or "norm")', /\.(diff|diff_b|w_norm|b_norm)$/],
  ['a LoRA with biases', /\.lora_B(\.\w+)?\.bias$/],
  ['a LoRA with textual inversions in it', /^bundle_emb\./],
];

type Part = 'down' | 'up' | 'mid' | 'alpha';

interface NamedPart {
  component: string;
  name: string;
  isUnderscored: boolean;
  part: Part;
}

/**
 * @throws CheckpointError if the file is another kind of change (named), a key is not one of a LoRA for
 *   Stable Diffusion, or a pair is not complete
 */
export function readLoraFile({ name, tensors, metadata }: StoredCheckpoint): LoraFile {
  const keys = [...tensors.keys()];
  for (const [kind, pattern] of otherKinds) {
    const key = keys.find((candidate) => pattern.test(candidate));
    if (key !== undefined) {
      throw loraError(
        `LoRA ${name}: this is ${kind} (it has "${key}"), which is not supported; use a LoRA in the format of ` +
          'diffusers or kohya',
      );
    }
  }
  const peft = keys.find((key) => key.startsWith('base_model.model.'));
  if (peft !== undefined) {
    throw loraError(
      `LoRA ${name}: "${peft}" is a key of PEFT's own format, which keeps its scale in another file; save it with ` +
        "diffusers' save_lora_weights",
    );
  }
  const found = new Map<
    string,
    { named: NamedPart; keys: Partial<Record<Part, string>>; parts: Partial<Record<Part, IndexedTensor>> }
  >();
  for (const [key, tensor] of tensors) {
    const named = partOfKey(key);
    if (named === undefined) continue;
    const id = `${named.component} ${named.name}`;
    const module = found.get(id) ?? { named, keys: {}, parts: {} };
    if (module.parts[named.part] !== undefined) {
      throw loraError(`LoRA ${name}: "${key}" stands for a tensor that the file has already`);
    }
    module.parts[named.part] = tensor;
    module.keys[named.part] = key;
    found.set(id, module);
  }
  const stray = keys.find((key) => partOfKey(key) === undefined);
  if (stray !== undefined && found.size === 0) throw unknownForm(name, stray);
  if (found.size === 0 || stray !== undefined) {
    throw loraError(
      `LoRA ${name}: ${stray === undefined ? 'the file is empty' : `"${stray}" is not a LoRA key that Inlay knows`}; ` +
        'choose a LoRA in the format of diffusers or kohya',
    );
  }
  const scales = scalesOf(name, metadata);
  const modules = [...found.values()].map(({ named, keys, parts }): LoraModule => {
    const { component, name: module, isUnderscored } = named;
    const { down, up, mid, alpha } = parts;
    if (down === undefined || up === undefined || keys.down === undefined || keys.up === undefined) {
      const [key] = Object.values(keys);
      throw loraError(
        `LoRA ${name}: "${key}" is incomplete: its matching tensor is missing; the file is damaged`,
      );
    }
    const pair = { component, name: module, isUnderscored, key: keys.down, upKey: keys.up, down, up };
    return { ...pair, ...(mid && { mid }), ...(alpha ? { alpha } : scales(component, module)) };
  });
  return { name, modules, metadata, keys };
}

/** For a file in which no key is one that Inlay reads. */
function unknownForm(name: string, key: string): CheckpointError {
  return loraError(
    `LoRA ${name}: its keys are of a form that is not known; the first is "${key}". Read are diffusers' keys ` +
      '("unet.down_blocks.….lora_A.weight", "text_encoder.….lora.down.weight") and kohya\'s ' +
      '("lora_unet_….lora_down.weight", "lora_te_….alpha"): choose the LoRA in one of these, or convert it',
  );
}

/** Names of modules without the name of their network: old files of diffusers. */
const BARE =
  /^((down|up)_blocks|mid_block|conv_in|conv_out|conv_norm_out|time_embedding|add_embedding|text_model)\./;
/** Folders by the names that kohya's trainer gives them. */
const kohyaFolders = new Map(
  weightFolders.flatMap(({ folder, kohya }) => kohya.map((name) => [name, folder] as const)),
);
/** Folders that LoRAs change. */
const folders = weightFolders.flatMap(({ folder, kohya }) => (kohya.length > 0 ? [folder] : []));
const KOHYA = new RegExp(
  `^lora_(${[...kohyaFolders.keys()].join('|')})_(.+?)\\.(?:lora_(down|up|mid)\\.weight|(alpha))$`,
);
const PREFIX = new RegExp(`^(${folders.join('|')})\\.`);
const SUFFIX =
  /^(.+?)(?:\.lora_([AB])(?:\.\w+)?\.weight|\.lora(?:_linear_layer)?\.(down|up)\.weight|[._](to_[qkv]|to_out)_lora\.(down|up)\.weight|(\.alpha))$/;
/** The text encoder's layers under the names that diffusers used before peft. */
const oldText: Readonly<Record<string, string>> = {
  to_q: 'q_proj',
  to_k: 'k_proj',
  to_v: 'v_proj',
  to_out: 'out_proj',
};

/** @returns undefined if the key belongs to no known format */
function partOfKey(key: string): NamedPart | undefined {
  const kohya = KOHYA.exec(key);
  if (kohya !== null) {
    const [, prefix = '', name = '', part, alpha] = kohya;
    return {
      component: kohyaFolders.get(prefix) ?? prefix,
      name,
      isUnderscored: true,
      part: alpha ? 'alpha' : (part as Part),
    };
  }
  const prefix = PREFIX.exec(key)?.[1];
  if (prefix === undefined && !BARE.test(key)) return undefined;
  const rest = (prefix === undefined ? key : key.slice(prefix.length + 1)).replace('.processor.', '.');
  const component = prefix ?? (rest.startsWith('text_model.') ? 'text_encoder' : 'unet');
  const suffix = SUFFIX.exec(rest);
  if (suffix === null) return undefined;
  const [, stem = '', letter, side, oldLayer, oldSide] = suffix;
  const part: Part = letter
    ? letter === 'A'
      ? 'down'
      : 'up'
    : side || oldSide
      ? ((side ?? oldSide) as Part)
      : 'alpha';
  if (oldLayer === undefined) return { component, name: stem, isUnderscored: false, part };
  const layer =
    component === 'unet' ? (oldLayer === 'to_out' ? 'to_out.0' : oldLayer) : (oldText[oldLayer] ?? oldLayer);
  return { component, name: `${stem}.${layer}`, isUnderscored: false, part };
}

type Scale = Pick<LoraModule, 'alpha' | 'isRankStabilized'>;

/**
 * What diffusers (from 0.34 on) writes about alphas into the header, by component: `unet.lora_alpha` and so on.
 * Without it a pair counts once. diffusers then counts `first rank / rank` of the module: the same for files of one rank,
 * and for others what peft means by `rank_pattern` with a common alpha (docs/deviations.md).
 */
function scalesOf(
  name: string,
  metadata: LoraFile['metadata'],
): (component: string, module: string) => Scale {
  const text = metadata.lora_adapter_metadata;
  if (text === undefined) return () => ({});
  const about = parseAbout(name, text);
  const fields = new Map(typeof about === 'object' && about !== null ? Object.entries(about) : []);
  const special = new Map<string, (module: string) => unknown>();
  for (const component of folders) {
    special.set(component, byPattern(name, fields.get(`${component}.alpha_pattern`)));
  }
  return (component, module) => {
    const alpha: unknown = fields.get(`${component}.lora_alpha`);
    const value: unknown = special.get(component)?.(module) ?? alpha;
    return {
      ...(typeof value === 'number' && { alpha: value }),
      ...(fields.get(`${component}.use_rslora`) === true && { isRankStabilized: true }),
    };
  };
}

function parseAbout(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw loraError(`LoRA ${name}: "lora_adapter_metadata" in its header is not JSON; the file is damaged`);
  }
}

/** Each module may have one; patterns with `^` are tried one by one, and no trainer writes more than a few. */
const MAX_ANCHORED = 1_000;

/**
 * peft's rule: a pattern names a whole module, or its end from a dot on; `^` anchors it at the beginning. The first that
 * fits counts. Ends are looked up, not tried one by one: a file may have as many patterns as modules.
 */
function byPattern(name: string, patterns: unknown): (module: string) => unknown {
  const entries = typeof patterns === 'object' && patterns !== null ? Object.entries(patterns) : [];
  const ends = new Map<string, { place: number; value: unknown }>();
  const anchored: { start: string; place: number; value: unknown }[] = [];
  entries.forEach(([pattern, value], place) => {
    if (pattern.startsWith('^')) anchored.push({ start: pattern.slice(1), place, value });
    else ends.set(pattern, { place, value });
  });
  if (anchored.length > MAX_ANCHORED) {
    throw loraError(
      `LoRA ${name}: "alpha_pattern" in its header has ${anchored.length} patterns with "^", more than the ${MAX_ANCHORED} that are read`,
    );
  }
  return (module) => {
    let first = anchored.find(({ start }) => module.startsWith(start)) as
      | { place: number; value: unknown }
      | undefined;
    for (let end = module; ; end = end.slice(end.indexOf('.') + 1)) {
      const found = ends.get(end);
      if (found !== undefined && found.place < (first?.place ?? Number.POSITIVE_INFINITY)) first = found;
      if (!end.includes('.')) return first?.value;
    }
  };
}
