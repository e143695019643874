/**
 * A model's description as one value: made once from what the checkpoint says (a listing, small files, a file's header), and
 * read by everything that needs it: choosing and preparing files, memory, the facts on the page, LoRAs and loading.
 */
import { UnsupportedError } from '../contract/errors';
import type { FamilyId } from '../contract/families';
import type { ModelFacts } from '../contract/modelLibrary';
import type { Footprint } from '../graph/footprint';
import { GraphError, type TensorSource } from '../graph/onnx/tensors';
import type { Graph, GraphTarget, Precision, Provider, TensorIndex } from '../graph/onnx/types';
import type { Model } from '../pipeline/model';
import type { SingleFileRules } from './checkpoint/singleFile';
import type { ConfigFiles } from './configFiles';
import type { CheckpointFiles } from './files';
import type { Runtime, Session } from './runtime/session';
import type { LoadWeightsOptions, Weights } from './weights/componentWeights';

/** A family of models: static, and enough to choose files from a listing. Its title and names are in contract/families. */
export interface Family {
  readonly id: FamilyId;
  /** In the order in which errors and downloads name them. */
  readonly weights: readonly WeightFolder[];
  /** Folders of its tokenizers. */
  readonly tokenizers: readonly string[];
  /** Whether a checkpoint belongs to this family, as far as is known; families are asked in order. */
  recognises(evidence: Evidence): boolean;
  /**
   * For networks that Inlay builds; absent if they only come as ONNX graphs.
   * @throws CheckpointError if a configuration is missing, wrong, or does not fit the others
   */
  describe?(files: ConfigFiles): Promise<Blueprint>;
  /**
   * For networks that come as ONNX graphs.
   * @throws CheckpointError as {@link describe}
   */
  describeExport(files: ConfigFiles, readSkeleton: ReadSkeleton): Promise<Blueprint>;
  /** How one file holds the whole model, as the original programs write it; absent if none does. */
  readonly singleFile?: SingleFileRules;
  /** How a LoRA made for it is recognised; absent if there are none. */
  readonly lora?: LoraMarks;
  /** Its one network, if repositories have it at their root, without folders and configurations. */
  readonly rootNetwork?: RootNetwork;
}

/** An ONNX graph at the root of a repository, which is the whole model. */
export interface RootNetwork {
  /** The file that is read, if the repository has several; undefined if none of them is one. */
  choose(paths: readonly string[]): string | undefined;
  /** The folder that it has once it is stored. */
  readonly folder: string;
  /** The `model_index.json` that the repository would have. */
  readonly index: Readonly<Record<string, unknown>>;
}

/** What a checkpoint has said about itself so far. */
export interface Evidence {
  /** `model_index.json` */
  index?: unknown;
  /** `unet/config.json` */
  unet?: unknown;
  /** Of its files. */
  paths?: readonly string[];
}

/** A component's folder in the diffusers layout. */
export interface WeightFolder {
  readonly folder: string;
  /** The name of its weight files before variant and extension: transformers' name, or diffusers'. */
  readonly stem: WeightStem;
  /** Folders of its ONNX exports, which may be several graphs. */
  readonly exports: readonly string[];
  /** kohya's trainer's name for it in the keys of a LoRA, e.g. `unet` in `lora_unet_…`. */
  readonly kohya: readonly string[];
  /** Whether its `config.json` affects its precision. */
  readonly configDecides?: boolean;
  /**
   * Storage and compute precision on a device that computes in `device`.
   * @param config its `config.json`; undefined if there isn't one
   */
  precision(device: Precision, config: unknown): Precision;
}

export type WeightStem = 'model' | 'diffusion_pytorch_model';

/** How a LoRA made for a family is recognised. */
export interface LoraMarks {
  /** In the header that trainers write: kohya's `ss_base_model_version`, or Stability's `modelspec.architecture`. */
  metadata?: RegExp;
  /** A key that only LoRAs of this family have. */
  key?: RegExp;
}

/**
 * The graph of one component of an export, without its weights.
 * @param folder e.g. `vae_decoder`
 * @returns undefined if files can only be read whole, so that a graph has its weights with it
 */
export type ReadSkeleton = (folder: string) => Promise<Uint8Array | undefined>;

/** One checkpoint, before any weight is read. */
export interface Blueprint {
  /** The model's name in errors. */
  readonly name: string;
  readonly facts: ModelFacts;
  /** In the order in which a run uses them. */
  readonly parts: readonly Part[];
  readonly form: NetworkForm;
  /**
   * Assembles what the denoising loop runs; each network is opened at its first use.
   * @throws CheckpointError if scheduler or tokenizers are missing or wrong
   */
  connect(opener: Opener): Promise<Model>;
}

/** Opens a model's parts on the runtime that runs them. */
export interface Opener {
  readonly runtime: Runtime;
  /** @throws CheckpointError, NetworkError or DeviceError if its weights cannot be read, or do not fit the device */
  open(part: Part): Promise<OpenPart>;
}

/** A part with its weights, ready to run. */
export interface OpenPart {
  readonly session: Session;
  readonly source: PartSource;
}

/** The weights of a component. Two parts may share one. */
export interface WeightSet {
  readonly folder: string;
  readonly stem: WeightStem;
  precision(device: Precision): Precision;
}

/** One graph of a model. */
export interface Part {
  /** For progress and errors, e.g. `text encoder` or `vae decoder`. */
  readonly name: string;
  readonly weights: WeightSet;
  /** @throws GraphError if the tensors or the given graph do not fit the configuration */
  build(from: PartSource, target: GraphTarget): Graph;
  /** Sizes of the graph's named dimensions in a run. */
  dims(run: Workload, from: PartSource): Dims;
  /** Which half of an autoencoder it is, if its images may be processed in tiles. */
  tiledHalf?(from: PartSource): 'encoder' | 'decoder' | undefined;
}

/** What a part's graph is made from: tensors, or a given graph with its tensors. */
export type PartSource =
  | { skeleton?: undefined; tensors: TensorIndex | TensorSource }
  | { skeleton: Uint8Array; tensors: TensorIndex };

/** What a run requires of the networks: the image size in pixels, and the rows of tokens that the longest prompt takes. */
export interface Workload {
  width: number;
  height: number;
  chunks: number;
}

/** By name of the dimension. */
export type Dims = Readonly<Record<string, number>>;

/** How a model's networks come: as weights for graphs that Inlay builds, or as ready-made graphs. */
export interface NetworkForm {
  /** Placeholder for a part's weights in an estimate; undefined if the part can't be known without them. */
  placeholder(part: Part, target: GraphTarget): Promise<PartSource | undefined>;
  /** @param dims of the graph's inputs */
  measure(graph: Graph, dims: Dims): Footprint;
  /** How much more memory than the footprints ONNX Runtime takes, as a factor. */
  readonly memoryMargin: Readonly<Record<Provider, number>>;
  /**
   * Reads a part's weights.
   * @throws CheckpointError if they are missing, damaged or of a type that cannot run
   */
  open(
    files: CheckpointFiles,
    weights: WeightSet,
    precision: Precision,
    options: LoadWeightsOptions,
  ): Promise<{ source: PartSource; files: Weights['files'] }>;
  /** @returns the error to throw if no session can be created from a graph */
  explain(model: string, error: unknown): unknown;
}

/**
 * Turns errors about a graph into errors about its checkpoint, which does not fit its own configuration or cannot run.
 * @param model what errors call it
 * @throws UnsupportedError in place of a GraphError
 */
export async function asUnsupportedError<Result>(
  model: string,
  work: () => Result | Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof GraphError) throw new UnsupportedError(`model "${model}": ${error.message}`);
    throw error;
  }
}
