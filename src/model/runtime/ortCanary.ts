/** Runs the canary's graphs in ONNX Runtime. */
import type { CanaryRunner } from './canary';
import type { CheckGraph } from './canaryChecks';
import type { OrtModule } from './session';

/**
 * @param device where the sessions run; the caller destroys it afterwards, and with it all that the sessions hold.
 *   Sessions are not released: ONNX Runtime drops its hold on the device with the last one, between two checks too
 */
export function ortCanaryRunner(ort: OrtModule, device: GPUDevice): CanaryRunner {
  return {
    lost: device.lost.then(({ message, reason }) => message || reason),
    async run({ graph, files, feeds }: CheckGraph): Promise<ArrayLike<number>> {
      const session = await ort.InferenceSession.create(graph.bytes, {
        executionProviders: [{ name: 'webgpu', device }],
        externalData: [...files].map(([path, data]) => ({ path, data })),
        // Here a form that does not compile is a result, not something to print.
        logSeverityLevel: 4,
      });
      const inputs = Object.entries(feeds).map(
        ([name, { dims, values }]) => [name, new ort.Tensor('float32', values, dims)] as const,
      );
      const { y } = await session.run(Object.fromEntries(inputs));
      if (y === undefined || !(y.data instanceof Float32Array)) throw new Error('no float32 output');
      return y.data;
    },
  };
}
