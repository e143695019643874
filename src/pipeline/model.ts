/**
 * What the pipeline needs of a model: its three networks, its tokenizer and its configuration. Sessions
 * arrive through these interfaces; the pipeline never sees ONNX Runtime.
 */

/** A tensor that lives where its session left it: on the GPU under WebGPU, in memory under WASM. */
export interface DeviceTensor {
  readonly dims: readonly number[];
  /** Copies the values out, as float32 whatever the precision on the device. */
  read(): Promise<Float32Array>;
  dispose(): void;
}

export interface TextEncoding {
  /** Hidden states [batch, length, width], as diffusers hands them to the UNet. */
  states: Float32Array;
  /** SDXL's second encoder: the projected output at the end token, [batch, pooledWidth]. */
  pooled?: Float32Array;
}

/** Rows that a text encoder is given at once: what a long prompt has more follows after, so that memory stays bounded. */
export const TEXT_ROWS_AT_ONCE = 16;

export interface TextEncoder {
  /** Of the hidden states. */
  readonly width: number;
  /** Of the pooled output; absent in encoders without one. */
  readonly pooledWidth?: number;
  /**
   * @param inputIds token ids, row after row, [batch × length]
   * @param batch number of rows, {@link TEXT_ROWS_AT_ONCE} at most
   * @param added vectors of the ids that follow on the table's last, [n, width]; only where the branch was asked for an
   *   encoder that takes them
   */
  encode(inputIds: Int32Array, batch: number, added?: Float32Array): Promise<TextEncoding>;
  dispose(): Promise<void>;
}

/** What stays the same over a run's steps. Row order as the batch of `predict`: negative first, then positive. */
export interface UnetConditioning {
  /** [B, tokens, width] */
  promptEmbeddings: DeviceTensor;
  /** SDXL: pooled text embeddings [B, P], and sizes in pixels [B, 6]. */
  addedEmbeddings?: { pooled: DeviceTensor; timeIds: DeviceTensor };
  /** Latent consistency models: the guidance, [1, guidanceWidth]. */
  guidanceEmbedding?: DeviceTensor;
  /** 9-channel models: mask and masked-image latents, [1, 5, h, w]; absent for 4 channels. */
  maskLatents?: DeviceTensor;
}

export interface Unet {
  /** Channels of `conv_in`: 4, or 9 for inpainting checkpoints. */
  readonly inChannels: number;
  /** Keeps `values` where the UNet reads them, for the steps of a run. */
  upload(values: Float32Array, dims: readonly number[]): DeviceTensor;
  /**
   * One evaluation.
   * @param sample scaled latents [1, 4, h, w]; both guidance rows see the same ones
   * @param timestep the scheduler's value, which may be fractional (Karras)
   * @returns prediction [B, 4, h, w], B being the conditioning's rows
   */
  predict(
    sample: Float32Array,
    size: { height: number; width: number },
    timestep: number,
    conditioning: UnetConditioning,
  ): Promise<Float32Array>;
  dispose(): Promise<void>;
}

/** Sides of an autoencoder's tiles, in pixels, multiples of 32; absent where any picture goes through whole. */
export interface VaeTiles {
  encoder?: number | undefined;
  decoder?: number | undefined;
}

export interface Vae {
  readonly scalingFactor: number;
  readonly latentChannels: number;
  /** Pixels per latent along one side: 8 for all of Stable Diffusion. */
  readonly downscale: number;
  /** What is larger goes through in tiles, for want of memory: see tiling.ts. */
  readonly tiles?: VaeTiles;
  /**
   * @param pixels [1, 3, H, W] in −1 … 1
   * @returns the posterior's moments [1, 8, H/8, W/8]: mean, then log variance; unscaled
   */
  encode(pixels: Float32Array, size: { height: number; width: number }): Promise<Float32Array>;
  /**
   * @param latents [1, 4, h, w], already divided by the scaling factor
   * @returns pixels [1, 3, 8h, 8w], about −1 … 1, not clamped
   */
  decode(latents: Float32Array, size: { height: number; width: number }): Promise<Float32Array>;
  dispose(): Promise<void>;
}

export interface Tokenizer {
  /** Token ids of the text itself, without begin, end and padding; however many. */
  tokens(text: string): readonly number[];
  /** A row of `length`: begin, the first `length` − 2 of the ids, end, padding. */
  row(ids: readonly number[]): Int32Array;
  /** Token ids, begin and end included, cut to and padded to `length` as CLIPTokenizer does. */
  encode(text: string): Int32Array;
  /** Tokens of the text itself, without begin, end and padding: what a person's counter shows. */
  count(text: string): number;
  /** Row length: 77 for CLIP. */
  readonly length: number;
  /** Whether the vocabulary or what was added to it has this very token. */
  has(token: string): boolean;
  /** The same tokenizer with more tokens, which are found in a text as they stand. Those of before go with theirs. */
  withTokens(tokens: readonly { content: string; id: number }[]): Tokenizer;
}

/** What a scheduler computes with: the constructor arguments of diffusers' scheduler classes. */
export interface SchedulerSettings {
  numTrainTimesteps: number;
  betaStart: number;
  betaEnd: number;
  betaSchedule: 'linear' | 'scaled_linear' | 'squaredcos_cap_v2' | 'exp' | 'sigmoid';
  /** Overrides the schedule where the file gives the betas themselves. */
  trainedBetas?: readonly number[] | undefined;
  predictionType: 'epsilon' | 'v_prediction' | 'sample';
  timestepSpacing: 'leading' | 'linspace' | 'trailing';
  stepsOffset: number;
  setAlphaToOne: boolean;
  clipSample: boolean;
  clipSampleRange: number;
  /** Whether x₀ is scaled down by a high quantile of its values, in place of clipping. */
  thresholding: boolean;
  /** That quantile, and how far beyond 1 it may scale. */
  dynamicThresholdingRatio: number;
  sampleMaxValue: number;
  /** DDPM: how much noise comes back at each step. */
  varianceType?: 'fixed_small' | 'fixed_small_log' | 'fixed_large' | undefined;
  skipPrkSteps: boolean;
  useKarrasSigmas: boolean;
  useExponentialSigmas: boolean;
  /** What these two ask for Inlay does not have. */
  useBetaSigmas: false;
  useFlowSigmas: false;
  /** DPM-Solver: levels evenly apart in log σ, as exponential ones, at whole timesteps. */
  useLuLambdas: boolean;
  /** Ends of the range of Karras or exponential sigmas, in place of those of the training schedule. */
  sigmaMin?: number | undefined;
  sigmaMax?: number | undefined;
  rescaleBetasZeroSnr: boolean;
  interpolationType: 'linear' | 'log_linear';
  /** Euler: whether a model of v is told the timestep, or a quarter of log σ. */
  timestepType: 'discrete' | 'continuous';
  finalSigmasType: 'zero' | 'sigma_min';
  /** DPM-Solver: noise levels whose λ lies below are left out. */
  lambdaMinClipped?: number | undefined;
  solverOrder: number;
  algorithmType: 'dpmsolver' | 'dpmsolver++' | 'sde-dpmsolver' | 'sde-dpmsolver++' | 'deis';
  solverType: 'midpoint' | 'heun' | 'logrho' | 'bh1' | 'bh2';
  lowerOrderFinal: boolean;
  eulerAtFinal: boolean;
  /** UniPC: whether it extrapolates x₀ or the noise. */
  predictX0: boolean;
  /** UniPC: steps after which the corrector does not run. */
  disableCorrector: readonly number[];
  /** UniPC: another scheduler for the prediction, which no file can hold. */
  solverP?: undefined;
  /** LCM and TCD: steps of the schedule that they were distilled on. */
  originalInferenceSteps: number;
  /** LCM: how fast the weight of the sample itself falls with the timestep. */
  timestepScaling: number;
  /** TCD: share of each step that is fresh noise, from 0 to 1; an argument of diffusers' `step`. */
  eta: number;
  /** DPM++ SDE: seed of its noise; absent: that of the run. */
  noiseSamplerSeed?: number | undefined;
}

/**
 * `scheduler/scheduler_config.json`: only what the file says, not yet judged. Defaults differ between diffusers' classes,
 * and a key that one class heeds is nothing to another; so both wait for the class that runs, which need not be the file's.
 */
export interface SchedulerConfig {
  /** diffusers' class name, e.g. `PNDMScheduler`. */
  className: string;
  /** The file's other keys, as they stand there; null counts as left out. */
  keys: Readonly<Record<string, unknown>>;
}

/** A text encoder and the tokenizer that feeds it. */
export interface TextBranch {
  readonly tokenizer: Tokenizer;
  /** The size of the token embedding; absent where no vectors can be added to it, as in ONNX exports. */
  readonly table?: { rows: number; width: number };
  /** @param takesRows whether `encode` will be given vectors that the weights lack */
  encoder(takesRows?: boolean): Promise<TextEncoder>;
}

/** A checkpoint ready to run. Components are loaded when asked for; the model's owner disposes them. */
export interface Model {
  readonly name: string;
  /** One, or SDXL's two: their hidden states side by side are what the UNet reads. */
  readonly text: readonly TextBranch[];
  /** What SDXL's pipeline does besides; absent for Stable Diffusion 1 and 2. */
  readonly xl?: {
    /** `force_zeros_for_empty_prompt`: no negative prompt means embeddings of zero, not those of an empty text. */
    zerosForEmptyPrompt: boolean;
  };
  readonly schedulerConfig: SchedulerConfig;
  /** Tells the words that were added to its prompts from any others; absent where none were. */
  readonly embeddings?: string;
  /** Latent consistency models distilled whole: the UNet is told the guidance in so many numbers, and needs no negative. */
  readonly guidanceWidth?: number;
  /** Side in pixels that the UNet was trained at: `sample_size` × 8. */
  readonly nativeSize: number;
  /** What the sides of its pictures are multiples of, in pixels; absent: 8. */
  readonly multiple?: number;
  /** Whether its networks compute in 16 bits on a graphics device, whose drivers differ. */
  readonly isCoarse?: boolean;
  /** The one size in pixels that it paints; absent where it paints any. */
  readonly fixedSize?: { width: number; height: number };
  unet(): Promise<Unet>;
  vae(): Promise<Vae>;
  dispose(): Promise<void>;
}
