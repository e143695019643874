/** In place of `onnxruntime-web/webgpu` and `onnxruntime-common`, for transformers.js alone (vite.transformers.ts). */
import { chosenRuntime } from './chosenRuntime';

export const { InferenceSession, Tensor, env } = chosenRuntime();
