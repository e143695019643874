/** Which of a model's files to fetch for a device, chosen from a listing before any weights are fetched. */
import { CheckpointError, UnsupportedError } from '../../contract/errors';
import { NAME_ANOTHER } from '../../contract/families';
import type { Precision } from '../../graph/onnx/types';
import type { Family, WeightFolder } from '../blueprint';
import { configPaths, familyOf, rootNetworkOf, tokenizerFiles, tokenizerFolders } from '../families';
import { otherPipeline, unsupportedFolders } from '../families/unsupported';
import type { RemoteFile } from '../source/download';
import type { Source } from '../source/source';

/** `verbatim`: any files, stored byte for byte. */
export type WeightFormat = 'safetensors' | 'pickle' | 'onnx' | 'verbatim';

export interface PlannedComponent {
  folder: string;
  /** The device's precision, in which the model is stored. */
  precision: Precision;
  format: WeightFormat;
  files: readonly RemoteFile[];
}

export interface ModelPlan {
  /** The model's key in the store. */
  key: string;
  /** What the user typed. */
  name: string;
  location: string;
  commit?: string;
  /** Its name on its Hub page. */
  licence?: string;
  precision: Precision;
  /** Weights in folders; empty if one file holds the whole model. */
  components: readonly PlannedComponent[];
  /** One file with the whole model, as other programs write them. */
  single?: { file: RemoteFile; format: WeightFormat };
  /** Configurations and tokenizers. */
  small: readonly RemoteFile[];
  /** A `model_index.json` for a repository that has none. */
  index?: Readonly<Record<string, unknown>>;
  /** Bytes to fetch in all. */
  downloadBytes: number;
  /** For the user: which files were chosen, and what else they should know. */
  notes: readonly string[];
}

/** Configurations, tokenizers and schedulers: texts that every model has some of. */
const smallPaths = new Set([
  ...configPaths,
  ...tokenizerFolders.flatMap((folder) => tokenizerFiles.map((name) => `${folder}/${name}`)),
]);
const isSmall = (path: string) => smallPaths.has(path) || /^scheduler\/[\w.-]+\.json$/.test(path);

/** `stem[.variant][-00001-of-00002][.variant].ext` */
const WEIGHTS =
  /^(?<stem>diffusion_pytorch_model|pytorch_model|model)(?:\.(?<before>\w+))?(?:-\d{5}-of-(?<shards>\d{5}))?(?:\.(?<after>\w+))?\.(?<kind>safetensors|bin)$/;

/** A set of files that hold one component, or the whole model. */
interface Candidate {
  files: RemoteFile[];
  format: WeightFormat;
  variant: string;
  isSharded: boolean;
}

/** What is read of a source before its files are chosen. */
export interface Known {
  /** `model_index.json` */
  index?: unknown;
  /** `config.json` by folder, for folders whose precision it decides. */
  configs?: ReadonlyMap<string, unknown>;
}

/**
 * Prefers, in this order: the precision that the device runs, safetensors over pickles, shards over one file, and
 * folders over a single file at the root.
 * @param precision what the device runs
 * @throws CheckpointError if there is nothing that Inlay can run, saying what was looked for
 */
export function planModel(source: Source, precision: Precision, { index, configs }: Known = {}): ModelPlan {
  const small = source.files.filter(({ path }) => isSmall(path));
  const alone = planRootNetwork(source);
  if (alone !== undefined) return alone;
  if (source.only !== undefined) {
    const file = source.files.find(({ path }) => path === source.only);
    if (file === undefined)
      throw new CheckpointError(`model "${source.name}": ${source.only} is missing; check the file's name`);
    return finish(source, precision, small, [], { file, format: formatOf(file.path) });
  }
  refuseOtherKinds(source);
  const family = familyOf({ index, paths: source.files.map(({ path }) => path) });
  if (family === undefined) throw otherPipeline(source.name, index);
  const choose = (candidates: (source: Source, weights: WeightFolder) => Candidate[]) =>
    family.weights.map((weights) => {
      const { folder } = weights;
      const wanted = weights.precision(precision, configs?.get(folder));
      return { folder, wanted, best: best(candidates(source, weights), wanted) };
    });
  let chosen = choose(candidatesIn);
  // An export's networks only run with each other.
  if (chosen.some(({ best }) => best?.format === 'onnx')) chosen = choose(onnxIn);
  const single = best(singleFiles(source), precision);
  const complete = chosen.every(({ best }) => best !== undefined);
  if (single === undefined && chosen.every(({ best }) => best === undefined)) {
    refuseNothing(source, family);
  }
  if (single !== undefined && (!complete || isBetter(single, worstRank(chosen, precision), precision))) {
    const [file] = single.files;
    if (file !== undefined) return finish(source, precision, small, [], { file, format: single.format });
  }
  const components = chosen.map(({ folder, wanted, best }): PlannedComponent => {
    if (best !== undefined) return { folder, precision: wanted, format: best.format, files: best.files };
    refuseMissingShard(source, folder);
    throw new UnsupportedError(
      `model "${source.name}": ${folder}/ has no weights that Inlay reads (looked for safetensors, .bin and ONNX ` +
        `files there, and for a single file beside it); ${NAME_ANOTHER}`,
    );
  });
  return finish(source, precision, small, components);
}

/** @returns undefined unless the model is one ONNX graph at the root, without folders */
function planRootNetwork(source: Source): ModelPlan | undefined {
  const paths = source.files.map(({ path }) => path);
  if (paths.includes('model_index.json') || paths.some((path) => path.startsWith('unet/'))) return undefined;
  const found = rootNetworkOf(source.only === undefined ? paths : [source.only]);
  const file = source.files.find(({ path }) => path === found?.path);
  if (found === undefined || file === undefined) return undefined;
  const { folder, index } = found.network;
  const component: PlannedComponent = { folder, precision: 'fp32', format: 'onnx', files: [file] };
  const plan = finish(source, 'fp32', [], [component]);
  // From here on it is a folder's export as any other.
  const files = [{ ...file, path: `${folder}/model.onnx` }];
  return { ...plan, components: [{ ...component, files }], index };
}

function finish(
  source: Source,
  precision: Precision,
  small: readonly RemoteFile[],
  components: readonly PlannedComponent[],
  single?: NonNullable<ModelPlan['single']>,
): ModelPlan {
  const weights = single === undefined ? components.flatMap(({ files }) => files) : [single.file];
  const downloadBytes = [...small, ...weights].reduce((sum, { size }) => sum + size, 0);
  const { key, name, location, commit, licence } = source;
  return {
    key,
    name,
    location,
    ...(commit === undefined ? {} : { commit }),
    ...(licence === undefined ? {} : { licence }),
    precision,
    components,
    ...(single === undefined ? {} : { single }),
    small,
    downloadBytes,
    notes: [...source.notes, `from ${location}: ${weights.map(({ path }) => path).join(', ')}`],
  };
}

function formatOf(path: string): WeightFormat {
  if (path.endsWith('.safetensors')) return 'safetensors';
  return /\.onnx$/.test(path) ? 'onnx' : 'pickle';
}

/** @throws UnsupportedError naming what the repository is instead */
function refuseOtherKinds(source: Source): void {
  const paths = source.files.map(({ path }) => path);
  const isLoraFile = (path: string) => /^(adapter_config\.json|pytorch_lora_weights\.safetensors)/.test(path);
  if (!paths.some((path) => path.startsWith('unet/')) && paths.some(isLoraFile)) throw isLora(source);
  const kind = unsupportedFolders(paths);
  if (kind === undefined) return;
  throw new UnsupportedError(`model "${source.name}" is ${kind}, which Inlay cannot run; ${NAME_ANOTHER}`);
}

/** @throws UnsupportedError if there is neither a network nor a single file; a missing shard is named first */
function refuseNothing(source: Source, { weights }: Family): never {
  for (const { folder } of weights) refuseMissingShard(source, folder);
  const has = (pattern: RegExp) => source.files.some(({ path }) => pattern.test(path));
  if (has(/^[^/]*lora[^/]*\.safetensors$/i)) throw isLora(source);
  const reason = has(/\.gguf$/i)
    ? 'holds GGUF files, whose quantised weights are not supported'
    : `holds no model that Inlay reads (looked for safetensors, .bin and ONNX files in ${inWords(weights)}, and for a ` +
      'single .safetensors or .ckpt file beside them)';
  throw new UnsupportedError(
    `model "${source.name}" ${reason}; ${NAME_ANOTHER}, in safetensors if there is a choice`,
  );
}

/** `text_encoder/, unet/ and vae/` */
function inWords(weights: readonly WeightFolder[]): string {
  const folders = weights.map(({ folder }) => `${folder}/`);
  return `${folders.slice(0, -1).join(', ')} and ${folders.at(-1)}`;
}

function isLora({ name }: Source): UnsupportedError {
  return new UnsupportedError(
    `model "${name}" is a LoRA, not a model; choose a model, then add this one as its LoRA`,
  );
}

/** @throws CheckpointError naming the first file that is missing of weights in several */
function refuseMissingShard(source: Source, folder: string): void {
  const paths = new Set(source.files.map(({ path }) => path));
  for (const path of paths) {
    const [, start = '', count, end = ''] = /^(.+-)\d{5}-of-(\d{5})(\..+)$/.exec(path) ?? [];
    if (count === undefined || !path.startsWith(`${folder}/`)) continue;
    for (let number = 1; number <= Number(count); number++) {
      const wanted = `${start}${String(number).padStart(5, '0')}-of-${count}${end}`;
      if (paths.has(wanted)) continue;
      throw new CheckpointError(
        `model "${source.name}": ${wanted} is missing, one of ${Number(count)} files of weights; the repository is ` +
          'incomplete: name another, or complete the folder',
      );
    }
  }
}

function candidatesIn(source: Source, weights: WeightFolder): Candidate[] {
  const { folder } = weights;
  const groups = new Map<string, Candidate & { expected: number }>();
  for (const file of source.files) {
    if (!file.path.startsWith(`${folder}/`)) continue;
    const groupsOf = WEIGHTS.exec(file.path.slice(folder.length + 1))?.groups;
    if (groupsOf === undefined) continue;
    const { stem, before, after, shards, kind } = groupsOf;
    const variant = before ?? after ?? '';
    const key = [stem, variant, shards ?? '', kind].join(' ');
    const group = groups.get(key) ?? {
      files: [],
      format: kind === 'safetensors' ? 'safetensors' : 'pickle',
      variant,
      isSharded: shards !== undefined,
      expected: Number(shards ?? 1),
    };
    group.files.push(file);
    groups.set(key, group);
  }
  const complete = [...groups.values()].filter(({ files, expected }) => files.length === expected);
  if (complete.length > 0) return complete;
  return onnxIn(source, weights);
}

/** Files beside an exported graph that hold no weights; weight files have names of many kinds. */
const NO_EXPORTED_WEIGHTS = /\.(json|txt|md|safetensors|bin|xml|msgpack|h5|ckpt|pt|png|jpg|gitattributes)$/;

/** optimum's layout: the graph, with its weights beside it if they are large. */
function onnxIn(source: Source, { exports: folders }: WeightFolder): Candidate[] {
  const files = source.files.filter(({ path }) => {
    const [name = '', file = '', ...deeper] = path.split('/');
    if (!folders.includes(name) || deeper.length > 0) return false;
    // Another graph, e.g. an optimised one, has its own weights.
    return file.endsWith('.onnx') ? file === 'model.onnx' : !NO_EXPORTED_WEIGHTS.test(file);
  });
  const isComplete = folders.every((name) => files.some(({ path }) => path === `${name}/model.onnx`));
  return isComplete ? [{ files, format: 'onnx', variant: '', isSharded: false }] : [];
}

/** Files at the root that are not checkpoints. */
const NO_CHECKPOINT = /lora|vae|controlnet|refiner|embedding|safety|upscale|diffusion_pytorch_model/i;

function singleFiles(source: Source): Candidate[] {
  const isInpainting = /inpaint/i.test(source.location);
  return source.files
    .filter(({ path }) => /^[^/]+\.(safetensors|ckpt)$/.test(path) && !NO_CHECKPOINT.test(path))
    .filter(({ path }) => isInpainting || !/inpaint/i.test(path))
    .map((file) => ({
      files: [file],
      format: formatOf(file.path),
      variant: /fp16/i.test(file.path) ? 'fp16' : '',
      isSharded: false,
    }));
}

/** Lower is better, entry by entry. Files without a variant in their name are nearly always fp32. */
function rank({ variant, format, isSharded }: Candidate, precision: Precision): number[] {
  const order = precision === 'fp16' ? ['fp16', '', 'bf16'] : ['', 'fp16', 'bf16'];
  const fit = order.indexOf(variant);
  return [
    fit === -1 ? order.length : fit,
    { safetensors: 0, pickle: 1, onnx: 2, verbatim: 3 }[format],
    isSharded ? 0 : 1,
  ];
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (const [i, value] of a.entries()) {
    if (value !== b[i]) return value - (b[i] ?? 0);
  }
  return 0;
}

/** Among equals the smallest: `…-emaonly` before the file that also holds training state. */
function best(candidates: readonly Candidate[], precision: Precision): Candidate | undefined {
  const bytes = ({ files }: Candidate) => files.reduce((sum, { size }) => sum + size, 0);
  return [...candidates].sort(
    (a, b) => compare(rank(a, precision), rank(b, precision)) || bytes(a) - bytes(b),
  )[0];
}

function worstRank(
  chosen: readonly { best: Candidate | undefined; wanted: Precision }[],
  precision: Precision,
): number[] {
  const ranks = chosen.map(({ best, wanted }) =>
    best === undefined ? [9, 9, 9] : rank(best, wanted ?? precision),
  );
  return ranks.sort(compare).at(-1) ?? [9, 9, 9];
}

/** Folders win if precision and format are equally good. */
function isBetter(single: Candidate, folders: readonly number[], precision: Precision): boolean {
  return compare(rank(single, precision).slice(0, 2), folders.slice(0, 2)) < 0;
}
