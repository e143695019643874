/** Variants of the ONNX exports in goldens/onnx. */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, TensorShapeProto_DimensionSchema } from '../../src/graph/onnx/generated/onnx_pb';

/** The same export for a single image size. @param input the one whose last two axes are height and width */
export function ofOneSize(
  bytes: Uint8Array,
  input: string,
  { width, height }: { width: number; height: number },
): Uint8Array<ArrayBuffer> {
  const model = fromBinary(ModelProtoSchema, bytes);
  const type = model.graph?.input.find(({ name }) => name === input)?.type?.value;
  const shape = type?.case === 'tensorType' ? type.value.shape : undefined;
  if (shape === undefined) throw new Error(`the export has no input "${input}"`);
  const dim = (size: number) =>
    create(TensorShapeProto_DimensionSchema, { value: { case: 'dimValue', value: BigInt(size) } });
  shape.dim.splice(2, 2, dim(height), dim(width));
  return toBinary(ModelProtoSchema, model);
}
