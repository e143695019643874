/** Counts a worker's WebAssembly memory and GPU buffers. Import it before anything that creates either. */

export interface MemoryFigures {
  /** Bytes of all WebAssembly memories. They never shrink, so this is their peak too. */
  wasmBytes: number;
  /** Bytes of the GPU buffers that have not been destroyed. */
  gpuBytes: number;
  gpuPeakBytes: number;
  gpuBuffers: number;
  largestGpuBufferBytes: number;
}

const memories = new Set<WebAssembly.Memory>();
const sizes = new Map<GPUBuffer, number>();
const gpu = { bytes: 0, peak: 0, largest: 0 };

export function memoryFigures(): MemoryFigures {
  return {
    wasmBytes: [...memories].reduce((sum, { buffer }) => sum + buffer.byteLength, 0),
    gpuBytes: gpu.bytes,
    gpuPeakBytes: gpu.peak,
    gpuBuffers: sizes.size,
    largestGpuBufferBytes: gpu.largest,
  };
}

/** Resets the peak to the current size. */
export function restartPeak(): void {
  gpu.peak = gpu.bytes;
}

WebAssembly.Memory = new Proxy(WebAssembly.Memory, {
  construct(target, args: [WebAssembly.MemoryDescriptor]) {
    const memory = new target(...args);
    memories.add(memory);
    return memory;
  },
});

/** Modules may also create their own memory. */
function collect({ exports }: WebAssembly.Instance): void {
  for (const value of Object.values(exports)) {
    if (value instanceof WebAssembly.Memory) memories.add(value);
  }
}

WebAssembly.instantiate = new Proxy(WebAssembly.instantiate, {
  async apply(target, self, args: unknown[]) {
    const result: unknown = await Reflect.apply(target, self, args);
    const { instance = result } = result as { instance?: unknown };
    if (instance instanceof WebAssembly.Instance) collect(instance);
    return result;
  },
});

WebAssembly.instantiateStreaming = new Proxy(WebAssembly.instantiateStreaming, {
  async apply(target, self, args: unknown[]) {
    const result = await (Reflect.apply(
      target,
      self,
      args,
    ) as Promise<WebAssembly.WebAssemblyInstantiatedSource>);
    collect(result.instance);
    return result;
  },
});

if ('GPUDevice' in globalThis) {
  GPUDevice.prototype.createBuffer = new Proxy(GPUDevice.prototype.createBuffer, {
    apply(target, self: GPUDevice, args: [GPUBufferDescriptor]) {
      const buffer = Reflect.apply(target, self, args) as GPUBuffer;
      sizes.set(buffer, buffer.size);
      gpu.bytes += buffer.size;
      gpu.peak = Math.max(gpu.peak, gpu.bytes);
      gpu.largest = Math.max(gpu.largest, buffer.size);
      return buffer;
    },
  });
  GPUBuffer.prototype.destroy = new Proxy(GPUBuffer.prototype.destroy, {
    apply(target, self: GPUBuffer, args: []) {
      gpu.bytes -= sizes.get(self) ?? 0;
      sizes.delete(self);
      return Reflect.apply(target, self, args) as undefined;
    },
  });
}
