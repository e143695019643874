/** An export's weights: from its prepared shards, or from a plain folder's files held in memory. */
import { base64Decode, base64Encode } from '@bufbuild/protobuf/wire';
import { CheckpointError } from '../../contract/errors';
import type { Precision, StoredType, TensorEntry } from '../../graph/onnx/types';
import { type ExportedTensor, type RandomReader, readExported } from '../../graph/onnxExport/read';
import { asUnsupportedError } from '../blueprint';
import { refuseForeign } from '../checkpoint/open';
import { bytesSource } from '../checkpoint/reader';
import { type CheckpointFiles, readRequired } from '../files';
import { isPrepared } from '../prepare/prepared';
import { castBytes } from '../weights/cast';
import type { LoadWeightsOptions, Weights } from '../weights/componentWeights';

/** A graph of someone else's, and the bytes of its weights. */
export interface OpenedExport {
  skeleton: Uint8Array<ArrayBuffer>;
  weights: Weights;
}

/** Where a prepared model keeps a component's graph, in base64. */
export function skeletonPath(component: string): string {
  return `${component}/graph.onnx.base64`;
}

/** A graph as the text in which it is stored: base64. */
export function encodeSkeleton(skeleton: Uint8Array): string {
  return base64Encode(skeleton);
}

/** Half stays half if the device supports it; everything else is float32: a graph's own types are not narrowed. */
export function storedTypeOf({ type }: ExportedTensor, precision: Precision): StoredType {
  return type === 'F16' && precision === 'fp16' ? 'F16' : 'F32';
}

/**
 * @param precision what the device runs
 * @throws CheckpointError if the export is missing, damaged or of weights that cannot be run
 */
export async function openExport(
  files: CheckpointFiles,
  component: string,
  precision: Precision,
  options: LoadWeightsOptions,
): Promise<OpenedExport> {
  if (isPrepared(files)) {
    const text = await readRequired(files, skeletonPath(component));
    const skeleton = new Uint8Array(base64Decode(new TextDecoder().decode(text)));
    return { skeleton, weights: await files.openWeights(component, 'as stored') };
  }
  const opened = new Map<string, { reader: RandomReader; bytes: Uint8Array<ArrayBuffer> }>();
  const open = async (name: string): Promise<RandomReader | undefined> => {
    const path = `${component}/${name}`;
    const known = opened.get(path);
    if (known !== undefined) return known.reader;
    const { signal, onProgress } = options;
    const bytes = await files.read(path, {
      signal,
      onProgress: (loaded, total) => onProgress?.(path, loaded, total),
    });
    if (bytes === undefined) return undefined;
    const reader = bytesSource(path, bytes);
    opened.set(path, { reader, bytes });
    return reader;
  };
  const model = await open('model.onnx');
  if (model === undefined) throw missingGraph(files, component);
  await refuseForeign(model);
  const { skeleton, tensors } = await asUnsupportedError(files.name, () => readExported(model, open));
  const bytesOf = ({ file }: ExportedTensor) => opened.get(file.name)?.bytes ?? new Uint8Array(0);
  return { skeleton, weights: weightsIn(component, tensors, precision, bytesOf) };
}

/** For an export that lacks one of its networks. */
export function missingGraph({ name }: CheckpointFiles, component: string): CheckpointError {
  return new CheckpointError(`model "${name}": ${component}/model.onnx is missing; name a whole export`);
}

/** Weights in the files as they are, plus one more file for those that had to be cast. */
function weightsIn(
  component: string,
  tensors: readonly ExportedTensor[],
  precision: Precision,
  bytesOf: (tensor: ExportedTensor) => Uint8Array<ArrayBuffer>,
): Weights {
  const index = new Map<string, TensorEntry>();
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  const castPath = `${component}/cast`;
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let castEnd = 0;
  for (const tensor of tensors) {
    const { name, type, shape, file, offset, length } = tensor;
    const dtype = storedTypeOf(tensor, precision);
    if (type === dtype) {
      files.set(file.name, bytesOf(tensor));
      index.set(name, { dtype, shape, path: file.name, offset, length });
      continue;
    }
    const cast = castBytes(bytesOf(tensor).subarray(offset, offset + length), type, dtype);
    pieces.push(cast);
    index.set(name, { dtype, shape, path: castPath, offset: castEnd, length: cast.byteLength });
    castEnd += cast.byteLength;
  }
  if (pieces.length > 0) {
    const whole = new Uint8Array(castEnd);
    let at = 0;
    for (const piece of pieces) {
      whole.set(piece, at);
      at += piece.byteLength;
    }
    files.set(castPath, whole);
  }
  return { index, files };
}
