import type { Forms, GraphTarget } from './types';

/** Plain operators only. On the CPU they are best, and the fused ones have no kernel. */
export const plainForms: Forms = { multiHeadAttention: false, groupNorm: false, biasSplitGelu: false };

/** ONNX Runtime's WASM, which the page and Node have alike: so both give the same picture. */
export const wasmTarget: GraphTarget = { provider: 'wasm', precision: 'fp32', forms: plainForms };
