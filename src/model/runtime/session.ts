/**
 * ONNX Runtime behind the pipeline's tensors: one runtime per worker, its sessions created and run one
 * after another.
 */
import type * as Ort from 'onnxruntime-web';
import {
  CheckpointError,
  DeviceError,
  DeviceLostError,
  InternalError,
  messageOf,
  OutOfMemoryError,
} from '../../contract/errors';
import { weightBytesOf } from '../../graph/footprint';
import type { Graph, GraphTarget } from '../../graph/onnx/types';
import type { DeviceTensor, VaeTiles } from '../../pipeline/model';
import type { WeightFile } from '../weights/componentWeights';
import { BlobBytes, canReadAtOnce } from './blobBytes';
import { measured } from './measured';

export type OrtModule = typeof Ort;

/** A lost device is reported within this time of the failures that it causes. */
const LOSS_IS_TOLD_MS = 500;

/** A session's inputs: values from here, or a tensor that a session or `upload` left on the device. */
export type Feed = DeviceTensor | { values: Float32Array | Int32Array; dims: readonly number[] };
/** Inputs of a graph by name. */
export type Feeds = Readonly<Record<string, Feed>>;

/** The one ONNX Runtime of a worker, on one device: its sessions share memory, and run one after another. */
export class Runtime {
  #tail: Promise<unknown> = Promise.resolve();
  #lost: string | undefined;
  #exhausted = false;
  #hasGaps = false;
  /** Wake callers that wait for ONNX Runtime: on a lost device its calls never end. */
  readonly #wakers = new Set<() => void>();
  /** Loaded sessions, the one that ran last at the end. */
  readonly #loaded = new Set<Session>();
  /** Limit for loaded weights in bytes; one session may always be loaded, whatever it takes. */
  residentBytes = Number.POSITIVE_INFINITY;
  /** How the autoencoder keeps within the device's memory. */
  vaeTiles: VaeTiles = {};

  /**
   * @param device the WebGPU device that sessions run on; absent on WASM. The runtime owns it.
   */
  constructor(
    readonly ort: OrtModule,
    readonly target: GraphTarget,
    readonly device?: GPUDevice,
  ) {
    // Inlay never destroys the device itself; if anything else does, it is lost.
    device?.lost.then(({ message }) => {
      this.#lost ??= message || 'no reason given';
      this.#wake();
    });
    // The only sign in WebGPU that memory ran out: the buffer exists all the same, and holds nothing.
    device?.addEventListener('uncapturederror', ({ error }) => {
      if (error instanceof GPUOutOfMemoryError) this.#giveUp();
    });
  }

  /**
   * @param component what errors call it, e.g. `unet`
   * @throws DeviceError if memory does not suffice or the device was lost
   */
  createSession(component: string, graph: Graph, files: ReadonlyMap<string, WeightFile>): Promise<Session> {
    const externalData = graph.paths.map((path) => {
      const data = files.get(path);
      if (data === undefined) throw new InternalError(`${component}: no bytes for ${path}`);
      return { path, data: data instanceof Blob && canReadAtOnce() ? new BlobBytes(data) : data };
    });
    const create = () =>
      this.ort.InferenceSession.create(graph.bytes, {
        // The object form: options never reach the provider with the string form. The device goes in here, since
        // the native provider does not read `env.webgpu.device` but would open its own.
        executionProviders: [this.device ? { name: 'webgpu', device: this.device } : { name: 'wasm' }],
        externalData,
        graphOptimizationLevel: 'all',
        logSeverityLevel: 3,
      });
    return this.enqueue(component, async () => {
      const session = new Session(this, component, weightBytesOf(graph), create);
      // A session that does not fit beside the others waits for its first run: those may be needed before it.
      if (session.weightBytes <= this.residentBytes - this.#residentNow()) await this.load(session);
      return session;
    });
  }

  /** Loads a session, or counts it as used. Only within `enqueue`. */
  async load(session: Session): Promise<Ort.InferenceSession> {
    if (session.ort === undefined) {
      // Sessions are unloaded, those that ran longest ago first, until there is room.
      for (const other of this.#loaded) {
        if (session.weightBytes <= this.residentBytes - this.#residentNow()) break;
        await this.unload(other);
      }
      const isAgain = session.wasLoaded;
      session.wasLoaded = true;
      this.#hasGaps ||= isAgain && this.device === undefined;
      session.ort = await measured(`session ${session.component}`, session.create);
    }
    this.#loaded.delete(session);
    this.#loaded.add(session);
    return session.ort;
  }

  /** Only within `enqueue`. */
  async unload(session: Session): Promise<void> {
    const { ort } = session;
    session.ort = undefined;
    this.#loaded.delete(session);
    await ort?.release();
  }

  /** Components whose weights are loaded, the one that ran last at the end. */
  get loaded(): readonly string[] {
    return [...this.#loaded].map(({ component }) => component);
  }

  #residentNow(): number {
    return [...this.#loaded].reduce((sum, { weightBytes }) => sum + weightBytes, 0);
  }

  /** After memory ran out, nothing on the device can be relied on. */
  #giveUp(): void {
    this.#exhausted = true;
    this.#lost ??= 'out of memory';
    this.#wake();
  }

  /** Places float32 values where sessions read them: a GPU buffer under WebGPU. */
  upload(values: Float32Array, dims: readonly number[]): DeviceTensor {
    if (this.device === undefined)
      return new OrtTensor(new this.ort.Tensor('float32', values, dims), () => {});
    const buffer = this.device.createBuffer({
      // ORT copies buffers of 16-byte multiples; the size must be at least that of the values.
      size: Math.ceil(values.byteLength / 16) * 16,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    });
    this.device.queue.writeBuffer(buffer, 0, values as Float32Array<ArrayBuffer>);
    const tensor = this.ort.Tensor.fromGpuBuffer(buffer as Ort.Tensor.GpuBufferType, {
      dataType: 'float32',
      dims,
    });
    return new OrtTensor(tensor, () => buffer.destroy());
  }

  /** Runs work after all earlier work, whether that failed or not: ORT takes one call at a time. */
  enqueue<Result>(component: string, work: () => Promise<Result>): Promise<Result> {
    const result = this.#tail.then(async () => {
      this.#throwIfLost(component);
      try {
        const working = work();
        await this.#untilGone(working);
        // Pending calls are abandoned: this runtime is no longer used.
        working.catch(() => {});
        this.#throwIfLost(component);
        return await working;
      } catch (error) {
        // A call may fail before the browser says why.
        if (this.device !== undefined) await this.#untilGone(after(LOSS_IS_TOLD_MS));
        this.#throwIfLost(component);
        const explained = explain(component, error);
        if (explained instanceof OutOfMemoryError) this.#giveUp();
        throw explained;
      }
    });
    this.#tail = result.catch(() => {});
    return result;
  }

  /**
   * Settles with the work, or as soon as the device is lost. No race against one promise that lasts as long as the runtime:
   * that would hold every race's outcome, sessions with their weights among them.
   */
  #untilGone(working: Promise<unknown>): Promise<void> {
    if (this.#lost !== undefined) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const wake = () => resolve();
      this.#wakers.add(wake);
      working.then(wake, reject).finally(() => this.#wakers.delete(wake));
    });
  }

  #wake(): void {
    for (const wake of this.#wakers) wake();
  }

  #throwIfLost(component: string): void {
    if (this.#lost === undefined) return;
    if (this.#exhausted) throw outOfMemory(component, this.#lost);
    throw new DeviceLostError(
      `${component}: the GPU was lost (${this.#lost}); press Generate again, ` +
        'and close other programs that use it if this happens twice',
    );
  }

  /** Whether it was lost since memory ran out. */
  get isExhausted(): boolean {
    return this.#exhausted;
  }

  /**
   * Whether a network was loaded into WASM memory a second time. Loading and unloading leave gaps: a network that fitted
   * into a fresh worker may no longer fit.
   */
  get hasGaps(): boolean {
    return this.#hasGaps;
  }

  get isLost(): boolean {
    return this.#lost !== undefined;
  }
}

/** One graph with its weights, which may be unloaded between two runs. */
export class Session {
  /** Absent while it is not loaded. Belongs to the runtime. */
  ort: Ort.InferenceSession | undefined;
  /** The runtime's too. */
  wasLoaded = false;

  constructor(
    readonly runtime: Runtime,
    readonly component: string,
    readonly weightBytes: number,
    readonly create: () => Promise<Ort.InferenceSession>,
  ) {}

  /** @returns the outputs by name; the caller disposes each */
  run(feeds: Feeds): Promise<Record<string, OrtTensor>> {
    return this.runtime.enqueue(this.component, async () => {
      const inputs = Object.fromEntries(
        Object.entries(feeds).map(([name, feed]) => [name, this.#toOrt(feed)] as const),
      );
      const session = await this.runtime.load(this);
      const outputs = await session.run(inputs);
      // A WASM run blocks this thread without a pause: let a waiting "cancel" message in.
      if (this.runtime.target.provider === 'wasm') await nextTask();
      return Object.fromEntries(
        Object.entries(outputs).map(([name, tensor]) => [
          name,
          new OrtTensor(tensor, () => tensor.dispose()),
        ]),
      );
    });
  }

  /** Runs and reads the one output called `name`. */
  async read(feeds: Feeds, name: string): Promise<Float32Array> {
    const outputs = await this.run(feeds);
    try {
      return await this.outputOf(outputs, name).read();
    } finally {
      for (const output of Object.values(outputs)) output.dispose();
    }
  }

  /** @throws InternalError if the graph has no such output */
  outputOf(outputs: Readonly<Record<string, DeviceTensor>>, name: string): DeviceTensor {
    const output = outputs[name];
    if (output === undefined) throw new InternalError(`${this.component}: no output "${name}"`);
    return output;
  }

  async dispose(): Promise<void> {
    await this.runtime.enqueue(this.component, () => this.runtime.unload(this));
  }

  #toOrt(feed: Feed): Ort.Tensor {
    if (feed instanceof OrtTensor) return feed.tensor;
    if (!('values' in feed)) throw new InternalError(`${this.component}: a tensor of another runtime`);
    return feed.values instanceof Float32Array
      ? new this.runtime.ort.Tensor('float32', feed.values, feed.dims)
      : new this.runtime.ort.Tensor('int32', feed.values, feed.dims);
  }
}

class OrtTensor implements DeviceTensor {
  #disposed = false;

  constructor(
    readonly tensor: Ort.Tensor,
    private readonly release: () => void,
  ) {}

  get dims(): readonly number[] {
    return this.tensor.dims;
  }

  async read(): Promise<Float32Array> {
    const data = await this.tensor.getData();
    if (data instanceof Float32Array) return data;
    throw new InternalError(`a ${this.tensor.type} tensor where float32 was expected`);
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.release();
  }
}

function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}

function outOfMemory(component: string, reason: string): OutOfMemoryError {
  return new OutOfMemoryError(
    `${component}: this device does not have enough memory (${reason}); press Generate again, which loads one network at ` +
      'a time, close other programs, or choose a smaller model or image',
  );
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** ORT reports failures of every kind as plain errors, and of the wasm heap as numbers. */
function explain(component: string, error: unknown): Error {
  if (error instanceof DeviceError || error instanceof CheckpointError || error instanceof InternalError)
    return error;
  const message = messageOf(error);
  const exhausted = typeof error === 'number' || error instanceof RangeError;
  if (exhausted || /out of memory|bad_alloc|allocation failed|OOM|device (is|was) lost/i.test(message))
    return outOfMemory(component, message);
  return new InternalError(`${component}: ONNX Runtime failed: ${message}`);
}
