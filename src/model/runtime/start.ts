/** Starts ONNX Runtime before the first network needs it. */
import { nodeProto, serializeModel, valueInfo } from '../../graph/onnx/proto';
import type { Runtime } from './session';

/** Fetches and compiles its WebAssembly and starts its threads; does next to nothing if that is done. */
export async function startRuntime(runtime: Runtime): Promise<void> {
  const session = await runtime.enqueue('start', () =>
    runtime.ort.InferenceSession.create(identity(), { executionProviders: ['wasm'], logSeverityLevel: 3 }),
  );
  await runtime.enqueue('start', () => session.release());
}

/** The smallest graph there is: y = x. */
function identity(): Uint8Array<ArrayBuffer> {
  return serializeModel('start', {
    nodes: [nodeProto('Identity', '', 'identity', ['x'], ['y'], {})],
    initializers: [],
    inputs: [valueInfo('x', 'float32', [1])],
    outputs: [valueInfo('y', 'float32', [1])],
  });
}
