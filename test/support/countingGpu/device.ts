/**
 * A WebGPU device that computes nothing and counts what it is asked for. What ONNX Runtime sends to a GPU depends on the
 * graph, its sizes and the adapter that it believes to have, never on values: so networks of true size are counted in
 * seconds, on any machine, and the count is exact.
 */
import type { Tally } from './tally';

/** The adapter that ONNX Runtime is told of; it chooses kernels by it. */
export interface AdapterStory {
  vendor: string;
  architecture: string;
  features: readonly string[];
  subgroupSize: number;
}

/** A common desktop card as browsers show it. */
export const NVIDIA: AdapterStory = {
  vendor: 'nvidia',
  architecture: 'ada',
  features: ['shader-f16'],
  subgroupSize: 32,
};

/** Limits that decide something. The others must be there too, since what is missing reaches ONNX Runtime as 0. */
const DECISIVE_LIMITS = {
  maxBufferSize: 2 ** 32 - 4,
  maxStorageBufferBindingSize: 2 ** 31 - 4,
  maxUniformBufferBindingSize: 65_536,
  maxComputeWorkgroupsPerDimension: 65_535,
  maxComputeWorkgroupStorageSize: 32_768,
  maxStorageBuffersPerShaderStage: 10,
  maxBindGroups: 4,
  maxBindingsPerBindGroup: 1000,
  minStorageBufferOffsetAlignment: 256,
  minUniformBufferOffsetAlignment: 256,
};
const OTHER_LIMITS = [
  ...['maxTextureDimension1D', 'maxTextureDimension2D', 'maxTextureDimension3D', 'maxTextureArrayLayers'],
  ...['maxBindGroupsPlusVertexBuffers', 'maxDynamicUniformBuffersPerPipelineLayout'],
  ...['maxDynamicStorageBuffersPerPipelineLayout', 'maxSampledTexturesPerShaderStage'],
  ...['maxSamplersPerShaderStage', 'maxStorageTexturesPerShaderStage', 'maxUniformBuffersPerShaderStage'],
  ...[
    'maxVertexBuffers',
    'maxVertexAttributes',
    'maxVertexBufferArrayStride',
    'maxInterStageShaderVariables',
  ],
  ...['maxColorAttachments', 'maxColorAttachmentBytesPerSample', 'maxComputeInvocationsPerWorkgroup'],
  ...['maxComputeWorkgroupSizeX', 'maxComputeWorkgroupSizeY', 'maxComputeWorkgroupSizeZ'],
];
export const LIMITS: Readonly<Record<string, number>> = {
  ...Object.fromEntries(OTHER_LIMITS.map((name) => [name, 1024])),
  ...DECISIVE_LIMITS,
};

/** Uniforms are not counted: only what a shader declares as storage is read or written as a tensor. */
const STORAGE = /@group\(0\)\s*@binding\((\d+)\)\s*var<storage/g;

/** Anything of WebGPU's that only has to exist. */
class Thing {
  label = '';
}

class CountedBuffer extends Thing {
  mapState: GPUBufferMapState;
  #bytes: ArrayBuffer | undefined;
  #isAlive = true;

  constructor(
    private readonly tally: Tally,
    readonly size: number,
    readonly usage: number,
    isMapped: boolean,
  ) {
    super();
    this.mapState = isMapped ? 'mapped' : 'unmapped';
    tally.allocated(size);
  }

  /** Memory of its own only while it is mapped: weights of 5 GB must fit in. */
  getMappedRange(offset = 0, size = this.size - offset): ArrayBuffer {
    this.#bytes ??= new ArrayBuffer(this.size);
    return offset === 0 && size === this.size ? this.#bytes : this.#bytes.slice(offset, offset + size);
  }

  async mapAsync(): Promise<void> {
    this.mapState = 'mapped';
  }

  unmap(): void {
    this.mapState = 'unmapped';
    this.#bytes = undefined;
  }

  destroy(): void {
    if (this.#isAlive) this.tally.freed(this.size);
    this.#isAlive = false;
  }
}

class CountedShader extends Thing {
  /** Numbers of the bindings that are tensors. */
  readonly storage: readonly number[];

  constructor(
    code: string,
    override readonly label: string,
  ) {
    super();
    this.storage = [...code.matchAll(STORAGE)].map(([, binding]) => Number(binding));
  }

  async getCompilationInfo() {
    return { messages: [] };
  }
}

class CountedPipeline extends Thing {
  constructor(readonly shader: CountedShader) {
    super();
  }

  getBindGroupLayout(): Thing {
    return new Thing();
  }
}

interface Binding {
  binding: number;
  /** A buffer, or a part of one. */
  resource: { buffer?: { size: number }; offset?: number; size?: number };
}

class CountedGroup extends Thing {
  constructor(private readonly bindings: readonly Binding[]) {
    super();
  }

  bytesOf(storage: readonly number[]): number {
    return this.bindings
      .filter(({ binding }) => storage.includes(binding))
      .reduce((sum, { resource: { buffer, offset = 0, size } }) => {
        return sum + (size ?? (buffer?.size ?? 0) - offset);
      }, 0);
  }
}

class CountedPass extends Thing {
  #pipeline: CountedPipeline | undefined;
  #group: CountedGroup | undefined;

  constructor(private readonly tally: Tally) {
    super();
  }

  setPipeline(pipeline: CountedPipeline): void {
    this.#pipeline = pipeline;
  }

  setBindGroup(_index: number, group: CountedGroup): void {
    this.#group = group;
  }

  dispatchWorkgroups(): void {
    if (this.#pipeline === undefined || this.#group === undefined)
      throw new Error('a dispatch without a pipeline or its buffers');
    const { label, storage } = this.#pipeline.shader;
    this.tally.dispatched({ kernel: label, boundBytes: this.#group.bytesOf(storage) });
  }

  dispatchWorkgroupsIndirect(): void {
    this.dispatchWorkgroups();
  }

  setImmediates(): void {}
  writeTimestamp(): void {}
  pushDebugGroup(): void {}
  popDebugGroup(): void {}
  insertDebugMarker(): void {}
  end(): void {}
}

class CountedEncoder extends Thing {
  constructor(private readonly tally: Tally) {
    super();
  }

  beginComputePass(): CountedPass {
    return new CountedPass(this.tally);
  }

  copyBufferToBuffer(): void {}
  clearBuffer(): void {}
  resolveQuerySet(): void {}
  pushDebugGroup(): void {}
  popDebugGroup(): void {}
  writeTimestamp(): void {}
  finish(): Thing {
    return new Thing();
  }
}

class CountedQueue extends Thing {
  constructor(private readonly tally: Tally) {
    super();
  }

  submit(): void {
    this.tally.submitted();
  }

  writeBuffer(): void {
    this.tally.written();
  }

  async onSubmittedWorkDone(): Promise<void> {}
}

export class CountingDevice extends EventTarget {
  label = '';
  readonly queue: CountedQueue;
  readonly features: ReadonlySet<string>;
  readonly limits = LIMITS;
  readonly adapterInfo: object;
  /** Never lost. */
  readonly lost = new Promise<never>(() => {});

  constructor(
    private readonly tally: Tally,
    { vendor, architecture, features, subgroupSize }: AdapterStory,
  ) {
    super();
    this.queue = new CountedQueue(tally);
    this.features = new Set(features);
    this.adapterInfo = {
      ...{ vendor, architecture, device: '', description: 'a device that only counts' },
      ...{ subgroupMinSize: subgroupSize, subgroupMaxSize: subgroupSize, subgroupMatrixConfigs: [] },
      ...{ isFallbackAdapter: false, backendType: 'vulkan' },
    };
  }

  createBuffer({ size, usage, mappedAtCreation = false }: GPUBufferDescriptor): CountedBuffer {
    return new CountedBuffer(this.tally, size, usage, mappedAtCreation);
  }

  createShaderModule({ code, label = '' }: GPUShaderModuleDescriptor): CountedShader {
    return new CountedShader(code, label);
  }

  createComputePipeline({ compute }: { compute: { module: CountedShader } }): CountedPipeline {
    this.tally.pipelineMade();
    return new CountedPipeline(compute.module);
  }

  async createComputePipelineAsync(descriptor: { compute: { module: CountedShader } }) {
    return this.createComputePipeline(descriptor);
  }

  createBindGroup({ entries }: { entries: readonly Binding[] }): CountedGroup {
    this.tally.bindGroupMade();
    return new CountedGroup(entries);
  }

  createCommandEncoder(): CountedEncoder {
    return new CountedEncoder(this.tally);
  }

  createBindGroupLayout(): Thing {
    return new Thing();
  }

  createPipelineLayout(): Thing {
    return new Thing();
  }

  createQuerySet() {
    return Object.assign(new Thing(), { destroy() {} });
  }

  pushErrorScope(): void {}
  async popErrorScope(): Promise<null> {
    return null;
  }

  destroy(): void {}
}
