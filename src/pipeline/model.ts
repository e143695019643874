/**
 * What the pipeline needs from a model: its networks, its tokenizers and its configuration. Sessions arrive through these
 * interfaces; the pipeline never sees ONNX Runtime.
 */
import type { Things } from '../contract/things';
import type { Size } from '../image/geometry';
import type { Mask, Pixels } from '../image/raster';
import type { SchedulerConfig } from './schedulers/settings';
import type { Timed } from './timing';

/** A tensor that stays on its device: on the GPU under WebGPU, in memory under WASM. */
export interface DeviceTensor {
  readonly dims: readonly number[];
  /** Copies the values out, as float32 whatever the precision on the device. */
  read(): Promise<Float32Array>;
  dispose(): void;
}

export interface TextEncoding {
  /** Hidden states [batch, length, width], as diffusers hands them to the denoiser. */
  states: Float32Array;
  /** For SDXL's second encoder: the projected output at the end token, [batch, pooledWidth]. */
  pooled?: Float32Array;
}

/** Rows that a text encoder gets in one call; longer prompts take several calls, so that memory stays bounded. */
export const TEXT_ROWS_AT_ONCE = 16;

export interface TextEncoder {
  /** Of the hidden states. */
  readonly width: number;
  /** Of the pooled output; absent in encoders without one. */
  readonly pooledWidth?: number;
  /**
   * @param inputIds token ids, row after row, [batch × length]
   * @param batch number of rows, {@link TEXT_ROWS_AT_ONCE} at most
   * @param added vectors of the ids that follow the table's last, [n, width]; only if the branch was asked for an
   *   encoder that takes them
   */
  encode(inputIds: Int32Array, batch: number, added?: Float32Array): Promise<TextEncoding>;
  dispose(): Promise<void>;
}

/** The prompts of a run, and how strongly it is guided by them. */
export interface Prompts {
  prompt: string;
  negativePrompt: string;
  guidanceScale: number;
}

/** Caches the result for a repeated prompt: see cache.ts. */
export interface TextCache {
  /** @param make called if nothing is stored under this key */
  text<Text>(key: string, make: () => Promise<Text>): Promise<Text>;
}

/** From prompts to the denoiser's inputs. `Text` is opaque: only the model that made it looks into it. */
export interface PromptEncoder<Text = unknown> {
  /** Each text encoder with its tokenizer. */
  readonly branches: readonly TextBranch[];
  /** Names the words that were added to the branches; part of the keys in the cache. Absent if there are none. */
  readonly words?: string;
  /**
   * Rows of tokens that each prompt takes, known before anything is encoded: for the memory check.
   * @throws InputError as `encode`
   */
  chunks(prompts: Omit<Prompts, 'guidanceScale'>): number;
  /**
   * Loads the text encoders as it needs them. They may leave memory again before the denoiser comes.
   * @param cache asked first; new results are stored in it
   * @throws InputError naming the prompt that cannot be encoded, DeviceError or CheckpointError if the result has NaN
   */
  encode(prompts: Prompts, cache: TextCache, timed: Timed): Promise<Text>;
  /** The same encoder with other branches that know more words. */
  withBranches(branches: readonly TextBranch[], words: string): PromptEncoder<Text>;
}

/** The denoiser's inputs beside latents and time, the same for all steps of a run. Models add their own. */
export interface Conditioning {
  /** Predictions in one evaluation: two if the run is guided (negative first, then positive), else one. */
  readonly rows: 1 | 2;
  /** Frees the tensors on the device. */
  dispose(): void;
}

/** What conditioning is made from, besides the text. */
export interface ConditioningInputs {
  guidanceScale: number;
  /** Of the image, in pixels. */
  imageSize: Size;
  /** Of the latents. */
  size: Size;
  /** For a denoiser that inpaints natively: mask and latents of the masked image, [1, 1 + C, h, w]. */
  maskLatents?: Float32Array;
}

/** The network that the loop asks at each step. */
export interface Denoiser<Given extends Conditioning = Conditioning> {
  /** Its name in messages, such as "UNet". */
  readonly label: string;
  /** `native`: it sees mask and masked image. `blend`: it sees neither, and the loop restores the kept part at each step. */
  readonly inpainting: 'native' | 'blend';
  /**
   * One evaluation.
   * @param latents scaled [1, C, h, w]; all rows see the same ones
   * @param time the scheduler's value, which may be fractional (Karras)
   * @returns prediction [rows, C, h, w]
   */
  predict(latents: Float32Array, size: Size, time: number, conditioning: Given): Promise<Float32Array>;
  dispose(): Promise<void>;
}

/** Sides of an autoencoder's tiles, in pixels, multiples of 32; absent if images of any size go through whole. */
export interface VaeTiles {
  encoder?: number | undefined;
  decoder?: number | undefined;
}

export interface Vae {
  readonly scalingFactor: number;
  readonly latentChannels: number;
  /** Pixels per latent along one side: 8 for all of Stable Diffusion. */
  readonly downscale: number;
  /** Larger images go through in tiles, to save memory: see tiling.ts. */
  readonly tiles?: VaeTiles;
  /**
   * @param pixels [1, 3, H, W] in −1 … 1
   * @returns the posterior's moments [1, 8, H/8, W/8]: mean, then log variance; unscaled
   */
  encode(pixels: Float32Array, size: Size): Promise<Float32Array>;
  /**
   * @param latents [1, 4, h, w], already divided by the scaling factor
   * @returns pixels [1, 3, 8h, 8w], about −1 … 1, not clamped
   */
  decode(latents: Float32Array, size: Size): Promise<Float32Array>;
  dispose(): Promise<void>;
}

export interface Tokenizer {
  /** Token ids of the text itself, without begin, end and padding; however many. */
  tokens(text: string): readonly number[];
  /** A row of `length`: begin, the first `length` − 2 of the ids, end, padding. */
  row(ids: readonly number[]): Int32Array;
  /** Token ids, begin and end included, cut to and padded to `length` as CLIPTokenizer does. */
  encode(text: string): Int32Array;
  /** Tokens of the text itself, without begin, end and padding: what the counter beside the prompt shows. */
  count(text: string): number;
  /** Row length: 77 for CLIP. */
  readonly length: number;
  /** Whether the vocabulary, or what was added to it, has exactly this token. */
  has(token: string): boolean;
  /** The same tokenizer with more tokens, which are found in a text as they are written. */
  withTokens(tokens: readonly { content: string; id: number }[]): Tokenizer;
}

/** A text encoder and the tokenizer that feeds it. */
export interface TextBranch {
  readonly tokenizer: Tokenizer;
  /** The size of the token embedding; absent if no vectors can be added to it, as in ONNX exports. */
  readonly table?: { rows: number; width: number };
  /** @param takesRows whether `encode` will be given vectors that the weights lack */
  encoder(takesRows?: boolean): Promise<TextEncoder>;
}

/**
 * A checkpoint that inpaints by diffusion. Networks are loaded when asked for; the model's owner disposes them. The loop
 * (inpaint.ts) passes `Text` and `Given` on without looking into them.
 */
export interface DiffusionModel<Text = unknown, Given extends Conditioning = Conditioning> {
  readonly task: 'inpaint';
  readonly name: string;
  readonly schedulerConfig: SchedulerConfig;
  /** Whether diffusers' pipeline for this family corrects the scheduler's file or takes it as written. */
  readonly schedulerFile: 'corrected' | 'as written';
  /** Whether the denoiser takes the guidance scale as an input, as in latent consistency models. */
  readonly readsGuidance: boolean;
  /** Side in pixels that the denoiser was trained at. */
  readonly nativeSize: number;
  /** What the sides of its images are multiples of, in pixels; absent: 8. */
  readonly multiple?: number;
  /** Whether its networks compute in 16 bits on a GPU, whose drivers differ. */
  readonly isCoarse?: boolean;
  /** The one size in pixels that it paints; absent if it paints any. */
  readonly fixedSize?: Size;
  /** It works at the image's own resolution: only with {@link drawsThings}. */
  readonly ownScale?: true;
  /**
   * It draws a thing and knows little of the ground, which is continued by other means: see drawThing.ts. The list of what it
   * can draw; empty if its files do not say.
   */
  readonly drawsThings?: Things;
  /** Only removal models do this. */
  readonly removes?: never;
  readonly prompts: PromptEncoder<Text>;
  /** Uploads what every step reads to the device. */
  condition(text: Text, inputs: ConditioningInputs): Given;
  denoiser(): Promise<Denoiser<Given>>;
  vae(): Promise<Vae>;
  dispose(): Promise<void>;
}

/** What a removal model is given besides the images. */
export interface RemovalCall {
  /** Another seed gives another completion, if the model has several. */
  seed: number;
  /** Aborting rejects the run with an AbortError, soon: within 100 ms where nothing native holds the thread. */
  signal: AbortSignal;
  /** @param fraction of the work that is done, 0 to 1 */
  onProgress(fraction: number): void;
}

/**
 * Takes away what is masked and continues what is around it. Neither a prompt nor any setting of the denoising loop has an
 * effect on it.
 */
export interface RemovalModel {
  readonly task: 'remove';
  readonly name: string;
  /** Side in pixels of the squares that it knows best: how much of the image a crop shows it at least. */
  readonly nativeSize: number;
  /** Its size is its own, or the image's. */
  readonly multiple?: never;
  /** The one size in pixels that it takes. */
  readonly fixedSize?: Size;
  /** It works at the image's own resolution: what it is shown is never scaled. */
  readonly ownScale?: true;
  /** Only diffusion models do this. */
  readonly drawsThings?: never;
  /** As every model of this task: its result counts up to the mask's very edge. */
  readonly removes: true;
  /**
   * @param image with its alpha
   * @param hole of the image's size: what is not 0 is removed
   * @returns an image of the same size
   * @throws InputError if there is nothing to continue, DeviceError, or an AbortError after the signal
   */
  run(image: Pixels, hole: Mask, call: RemovalCall): Promise<Pixels>;
  dispose(): Promise<void>;
}

/** Any model that requests can be run on; `task` tells the kinds apart. */
export type Model = DiffusionModel | RemovalModel;
