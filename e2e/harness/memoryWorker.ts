/** The engine's worker with a GPU that a test can remove or let run out of memory. */
import '../../src/worker/main';

export type Mishap = 'lose' | 'exhaust';

let device: GPUDevice | undefined;
GPUAdapter.prototype.requestDevice = new Proxy(GPUAdapter.prototype.requestDevice, {
  async apply(target, self: GPUAdapter, args: [GPUDeviceDescriptor?]) {
    device = await (Reflect.apply(target, self, args) as Promise<GPUDevice>);
    return device;
  },
});

new BroadcastChannel('mishaps').onmessage = ({ data }: MessageEvent<Mishap>) => {
  if (data === 'lose') device?.destroy();
  else {
    const error = new GPUOutOfMemoryError('simulated');
    device?.dispatchEvent(new GPUUncapturedErrorEvent('uncapturederror', { error }));
  }
};
