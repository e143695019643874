/** Matrix products by ONNX Runtime: always on the CPU, whatever the device, with all its instructions and threads. */
import { nodeProto, serializeModel, valueInfo } from '../../graph/onnx/proto';
import { lazy } from '../lazy';
import type { MatrixProduct } from '../lora/merge';
import type { Runtime } from './session';

/** Values of the target that go into ONNX Runtime's heap at a time: 16 MB. */
const BLOCK_VALUES = 2 ** 22;

/** Loads nothing until the first product. */
export function createProduct(runtime: Runtime): MatrixProduct & { dispose(): Promise<void> } {
  const { ort } = runtime;
  const session = lazy(() =>
    runtime.enqueue('matrix product', () =>
      ort.InferenceSession.create(productGraph(), { executionProviders: ['wasm'], logSeverityLevel: 3 }),
    ),
  );
  return {
    async addTo(target, left, right, rank) {
      const width = right.length / rank;
      const rows = target.length / width;
      const step = Math.max(1, Math.floor(BLOCK_VALUES / width));
      const loaded = await session.get();
      const b = new ort.Tensor('float32', right, [rank, width]);
      for (let from = 0; from < rows; from += step) {
        const to = Math.min(rows, from + step);
        const block = target.subarray(from * width, to * width);
        const feeds = {
          a: new ort.Tensor('float32', left.subarray(from * rank, to * rank), [to - from, rank]),
          b,
          c: new ort.Tensor('float32', block, [to - from, width]),
        };
        await runtime.enqueue('matrix product', async () => {
          const { y } = await loaded.run(feeds);
          if (!(y?.data instanceof Float32Array)) throw new TypeError('no float32 product');
          block.set(y.data);
        });
      }
    },
    async dispose() {
      const made = await session.forget()?.catch(() => undefined);
      if (made !== undefined) await runtime.enqueue('matrix product', () => made.release());
    },
  };
}

/** y = a · b + c */
function productGraph(): Uint8Array<ArrayBuffer> {
  return serializeModel('product', {
    nodes: [nodeProto('Gemm', '', 'product', ['a', 'b', 'c'], ['y'], {})],
    initializers: [],
    inputs: [
      valueInfo('a', 'float32', ['rows', 'rank']),
      valueInfo('b', 'float32', ['rank', 'width']),
      valueInfo('c', 'float32', ['rows', 'width']),
    ],
    outputs: [valueInfo('y', 'float32', ['rows', 'width'])],
  });
}
