/**
 * Stable Diffusion 1, 2 and XL as the loop sees them: the inputs of their UNets besides latents and timestep. Follows
 * diffusers' StableDiffusionInpaintPipeline and StableDiffusionXLInpaintPipeline (0.36).
 */
import type { Conditioning, ConditioningInputs, DeviceTensor, DiffusionModel, TextBranch } from '../model';
import { guidanceEmbedding } from './guidanceEmbedding';
import { clipPrompts, type PromptEmbeddings } from './promptEmbeddings';

/** What a UNet reads. B: the rows. */
export interface UnetConditioning extends Conditioning {
  /** [B, tokens, width] */
  promptEmbeddings: DeviceTensor;
  /** SDXL: pooled text embeddings [B, P], and sizes in pixels [B, 6]. */
  addedEmbeddings?: { pooled: DeviceTensor; timeIds: DeviceTensor };
  /** Latent consistency models: the guidance, [1, guidanceWidth]. */
  guidanceEmbedding?: DeviceTensor;
  /** 9-channel models: mask and masked-image latents, [1, 5, h, w]; absent for 4 channels. */
  maskLatents?: DeviceTensor;
}

export type StableDiffusion = DiffusionModel<PromptEmbeddings, UnetConditioning>;

/** The parts of a checkpoint of this family. Its second text encoder, if it has one, gives the pooled output. */
export interface StableDiffusionParts
  extends Pick<
    StableDiffusion,
    | 'name'
    | 'schedulerConfig'
    | 'nativeSize'
    | 'multiple'
    | 'isCoarse'
    | 'fixedSize'
    | 'ownScale'
    | 'drawsThings'
    | 'denoiser'
    | 'vae'
    | 'dispose'
  > {
  /** One, or SDXL's two, whose hidden states side by side are the UNet's input. */
  text: readonly TextBranch[];
  /** What SDXL's pipeline does in addition; absent for Stable Diffusion 1 and 2. */
  xl?: {
    /** `force_zeros_for_empty_prompt`: no negative prompt means embeddings of zero, not those of an empty text. */
    zerosForEmptyPrompt: boolean;
  };
  /** Latent consistency models distilled as a whole: the UNet takes the guidance scale as this many numbers. */
  guidanceWidth?: number;
  /** Places values where the UNet reads them. */
  upload: Upload;
}

type Upload = (values: Float32Array, dims: readonly number[]) => DeviceTensor;

export function stableDiffusion(parts: StableDiffusionParts): StableDiffusion {
  const { text, xl, guidanceWidth, upload, ...model } = parts;
  const readsGuidance = guidanceWidth !== undefined;
  return {
    ...model,
    task: 'inpaint',
    schedulerFile: xl ? 'as written' : 'corrected',
    readsGuidance,
    prompts: clipPrompts(text, {
      readsGuidance,
      zerosForEmptyPrompt: xl?.zerosForEmptyPrompt ?? false,
      isCoarse: model.isCoarse ?? false,
    }),
    condition: (embeddings, inputs) => condition(embeddings, inputs, { guidanceWidth, upload }),
  };
}

function condition(
  { rows, tokens, width, states, pooled }: PromptEmbeddings,
  { guidanceScale, imageSize, size, maskLatents }: ConditioningInputs,
  { guidanceWidth, upload }: Pick<StableDiffusionParts, 'guidanceWidth' | 'upload'>,
): UnetConditioning {
  const uploaded: DeviceTensor[] = [];
  const keep: Upload = (values, dims) => {
    const tensor = upload(values, dims);
    uploaded.push(tensor);
    return tensor;
  };
  const dispose = () => {
    for (const tensor of uploaded.splice(0)) tensor.dispose();
  };
  try {
    const conditioning: UnetConditioning = {
      rows,
      promptEmbeddings: keep(states, [rows, tokens, width]),
      dispose,
    };
    if (maskLatents) {
      const channels = maskLatents.length / (size.width * size.height);
      conditioning.maskLatents = keep(maskLatents, [1, channels, size.height, size.width]);
    }
    if (pooled) {
      // Original size, corner of the crop, target size: diffusers uses the same for both rows by default.
      const ids = [imageSize.height, imageSize.width, 0, 0, imageSize.height, imageSize.width];
      const timeIds = Float32Array.from({ length: rows * ids.length }, (_, i) => ids[i % ids.length] ?? 0);
      conditioning.addedEmbeddings = {
        pooled: keep(pooled, [rows, pooled.length / rows]),
        timeIds: keep(timeIds, [rows, ids.length]),
      };
    }
    if (guidanceWidth !== undefined) {
      conditioning.guidanceEmbedding = keep(guidanceEmbedding(guidanceScale, guidanceWidth), [
        1,
        guidanceWidth,
      ]);
    }
    return conditioning;
  } catch (error) {
    dispose();
    throw error;
  }
}
