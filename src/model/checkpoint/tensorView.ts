/** Slices, transposes and reshapes of stored tensors, without touching a byte. */
import { CheckpointError, UnsupportedError } from '../../contract/errors';
import { countValues, type IndexedTensor } from './reader';
import { GET_ANOTHER } from './remedy';
import { bytesPerValue } from './safetensors';

/** Steps between neighbours of each dimension, in values, of a tensor stored row after row. */
function rowMajorStrides(shape: readonly number[]): number[] {
  const strides = shape.map(() => 1);
  for (let d = shape.length - 2; d >= 0; d--) {
    strides[d] = (strides[d + 1] as number) * (shape[d + 1] as number);
  }
  return strides;
}

/**
 * A tensor given by strides, as torch describes its views.
 * @param offset bytes from the beginning of the file to the first value
 * @throws CheckpointError if values repeat (expanded tensors), which no checkpoint needs
 */
export function stridedTensor(
  key: string,
  base: Pick<IndexedTensor, 'file' | 'dtype' | 'shape' | 'offset'>,
  strides: readonly number[],
): IndexedTensor {
  const { file, dtype, shape, offset } = base;
  const valueBytes = bytesPerValue[dtype];
  const count = countValues(shape);
  if (count === 0) return { file, dtype, shape, offset, length: 0 };
  const expected = rowMajorStrides(shape);
  const contiguous = shape.every((n, d) => n === 1 || strides[d] === expected[d]);
  if (contiguous) return { file, dtype, shape, offset, length: count * valueBytes };
  const span = 1 + shape.reduce((sum, n, d) => sum + (n - 1) * (strides[d] as number), 0);
  if (count > span) {
    throw new UnsupportedError(
      `${file.name}: tensor "${key}" repeats its values (shape [${shape}], strides [${strides}]), which is not supported`,
    );
  }
  return { file, dtype, shape, offset, length: span * valueBytes, strides };
}

/** Rows `begin` … `end` of the first dimension. */
export function rowsOf(key: string, tensor: IndexedTensor, begin: number, end: number): IndexedTensor {
  const strides = tensor.strides ?? rowMajorStrides(tensor.shape);
  const offset = tensor.offset + begin * (strides[0] ?? 1) * bytesPerValue[tensor.dtype];
  return stridedTensor(key, { ...tensor, shape: [end - begin, ...tensor.shape.slice(1)], offset }, strides);
}

/** A matrix [rows, columns] as [columns, rows]. */
export function transposed(key: string, tensor: IndexedTensor): IndexedTensor {
  const strides = tensor.strides ?? rowMajorStrides(tensor.shape);
  return stridedTensor(key, { ...tensor, shape: [...tensor.shape].reverse() }, [...strides].reverse());
}

/** The weights of a 1×1 convolution [out, in, 1(, 1)] as a matrix [out, in]; a matrix as it is. */
export function withoutKernel(key: string, tensor: IndexedTensor): IndexedTensor {
  if (tensor.shape.length <= 2) return tensor;
  if (tensor.shape.slice(2).some((n) => n !== 1)) {
    throw new CheckpointError(
      `${tensor.file.name}: "${key}" of shape [${tensor.shape}] is not a 1×1 convolution; the file is damaged, or of another model: ${GET_ANOTHER}`,
    );
  }
  const strides = tensor.strides ?? rowMajorStrides(tensor.shape);
  return stridedTensor(key, { ...tensor, shape: tensor.shape.slice(0, 2) }, strides.slice(0, 2));
}
