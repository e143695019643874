/** Which of a file's tensors are weights, in a form that can be run as is: nothing is left out silently. */
import { UnsupportedError } from '../../contract/errors';
import { isWeightType, type WeightType } from '../weights/cast';
import type { StoredTensor } from './safetensors';

const ADVICE = 'use a file of this model in fp32, fp16, bf16 or plain fp8';

/**
 * Weights whose values only make sense together with something else in the file, recognised by a key that only such files
 * have: using them without it would give a wrong image.
 */
const quantised: readonly [what: string, key: RegExp][] = [
  // ComfyUI and its tools: one factor per tensor, and a marker for the whole file.
  [
    'fp8 weights with scales',
    /(^|\.)(scaled_fp8|scale_weight|weight_scale(_2)?|scale_input|input_scale|comfy_quant)$/,
  ],
  [
    'weights quantised by bitsandbytes',
    /\.(absmax|quant_map|nested_absmax|SCB|weight_format)$|\.quant_state\./,
  ],
  ['weights quantised by GPTQ or AWQ', /\.(qweight|qzeros|scales)$/],
  [
    'weights quantised by quanto or torchao',
    /\._(data|scale|shift)$|\.(tensor_impl|input_scale|output_scale)\b/,
  ],
  ['weights quantised by SVDQuant', /\.(wscales|smooth_factor|proj_(up|down)_lora)$/],
];

/** @throws UnsupportedError naming the quantisation and one of its keys */
export function refuseQuantised(path: string, keys: Iterable<string>): void {
  const all = [...keys];
  for (const [what, pattern] of quantised) {
    const key = all.find((candidate) => pattern.test(candidate));
    if (key !== undefined) {
      throw new UnsupportedError(`${path}: it holds ${what} ("${key}"), which are not supported; ${ADVICE}`);
    }
  }
}

/** Tensors that graphs read; counters and positions have other names. */
const WEIGHT = /(^|[._])(weight|bias)$/;

/**
 * The tensors that can be weights.
 * @param pathOf what errors call the file of a tensor
 * @throws UnsupportedError naming a weight of another type and that type
 */
export function weightTensors<Tensor extends StoredTensor>(
  tensors: ReadonlyMap<string, Tensor>,
  pathOf: (tensor: Tensor) => string,
): [key: string, tensor: Tensor & { dtype: WeightType }][] {
  const weights: [string, Tensor & { dtype: WeightType }][] = [];
  for (const [key, tensor] of tensors) {
    const { dtype } = tensor;
    if (isWeightType(dtype)) weights.push([key, { ...tensor, dtype }]);
    else if (WEIGHT.test(key)) {
      throw new UnsupportedError(
        `${pathOf(tensor)}: tensor "${key}" is of type ${dtype}, which is not a floating-point type: its weights are quantised ` +
          `in a way that is not supported; ${ADVICE}`,
      );
    }
  }
  return weights;
}
