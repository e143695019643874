import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type * as Ort from 'onnxruntime-web';
import { describe, expect, it } from 'vitest';
import { linear } from '../../graph/layers/nn';
import { GraphBuilder } from '../../graph/onnx/builder';
import { wasmTarget as target } from '../../graph/onnx/targets';
import { recordTensors } from '../../graph/onnx/tensors';
import type { Graph } from '../../graph/onnx/types';
import { type OrtModule, Runtime, type Session } from './session';

/** A graph with weights of 4 · inputs bytes and no bias. */
function graphOf(inputs: number): Graph {
  const g = new GraphBuilder('test', recordTensors('fp32'), target);
  const x = g.input('x', 'float32', ['rows', inputs]);
  g.output('y', linear(g, 'layer', x, { in: inputs, out: 1, bias: false }), ['rows', 1]);
  return g.finish();
}

/** ONNX Runtime that records its calls, and fails where a test says so. */
function fakeRuntime(residentBytes: number) {
  const events: string[] = [];
  let failure: unknown;
  const sizes = new Map<number, string>();
  const create = async (bytes: Uint8Array) => {
    const name = sizes.get(bytes.byteLength) ?? '';
    events.push(`+${name}`);
    return {
      async run() {
        if (failure !== undefined) throw failure;
        events.push(name);
        return {};
      },
      release: async () => void events.push(`-${name}`),
    };
  };
  const runtime = new Runtime({ InferenceSession: { create } } as unknown as OrtModule, target);
  runtime.residentBytes = residentBytes;
  const open = (name: string, inputs: number): Promise<Session> => {
    const graph = graphOf(inputs);
    return runtime.createSession(
      name,
      { ...graph, bytes: withLength(graph.bytes, sizes, name) },
      new Map([['recorded.safetensors', new Uint8Array()]]),
    );
  };
  const failWith = (error: unknown) => {
    failure = error;
  };
  return { runtime, events, open, failWith };
}

/** An unknown protobuf field (1000, of bytes) makes each graph as long as no other. */
function withLength(bytes: Uint8Array, sizes: Map<number, string>, name: string): Uint8Array<ArrayBuffer> {
  const padding = sizes.size + 1;
  // Key 1000 · 8 + 2 as a varint: 0x1f42 in groups of seven bits, the lowest first.
  const padded = new Uint8Array([...bytes, 0xc2, 0x3e, padding, ...new Uint8Array(padding)]);
  sizes.set(padded.byteLength, name);
  return padded;
}

const run = (session: Session) => session.run({});

describe('Runtime', () => {
  it('keeps what fits: each session is made once', async () => {
    const { events, open } = fakeRuntime(1000);
    const [text, unet] = [await open('text', 100), await open('unet', 150)];
    for (const session of [text, unet, text, unet]) await run(session);
    // 400 and 600 bytes.
    expect(events).toEqual(['+text', '+unet', 'text', 'unet', 'text', 'unet']);
  });

  it('loads one that does not fit at its first run, in place of what ran longest ago', async () => {
    const { runtime, events, open } = fakeRuntime(1000);
    const [text, vae, unet] = [await open('text', 100), await open('vae', 100), await open('unet', 151)];
    // 400 + 400 are loaded; 604 more wait.
    expect(runtime.loaded).toEqual(['text', 'vae']);
    await run(text);
    await run(vae);
    await run(unet);
    expect(runtime.loaded).toEqual(['unet']);
    expect(runtime.hasGaps).toBe(false);
    await run(text);
    expect(runtime.hasGaps).toBe(true);
    expect(events).toEqual([
      '+text',
      '+vae',
      'text',
      'vae',
      '-text',
      '-vae',
      '+unet',
      'unet',
      '-unet',
      '+text',
      'text',
    ]);
  });

  it('runs even what is larger than all that may stay, one at a time', async () => {
    const { runtime, open } = fakeRuntime(0);
    const sessions = [await open('text', 10), await open('unet', 1000)];
    expect(runtime.loaded).toEqual([]);
    for (const session of sessions) {
      await run(session);
      expect(runtime.loaded).toEqual([session.component]);
    }
    await sessions[1]?.dispose();
    expect(runtime.loaded).toEqual([]);
  });

  it('holds nothing of a session, nor of its weights, once it is disposed of', async () => {
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    const { runtime, open } = fakeRuntime(1000);
    const forgotten: WeakRef<object>[] = [];
    // In a separate function: this one's frame would keep the last.
    const openAndDispose = async (name: string) => {
      const session = await open(name, 10);
      forgotten.push(new WeakRef(await session.run({})), new WeakRef(session));
      await session.dispose();
    };
    for (const name of ['text', 'unet', 'vae']) await openAndDispose(name);
    // The runtime itself lives on, its device not lost.
    expect(runtime.isLost).toBe(false);
    await expect
      .poll(() => {
        collectGarbage();
        return forgotten.filter((each) => each.deref() !== undefined).length;
      })
      .toBe(0);
  });

  it('gives up once memory ran out, and says what to do', async () => {
    const { runtime, open, failWith } = fakeRuntime(1000);
    const unet = await open('unet', 10);
    failWith(new Error('std::bad_alloc'));
    await expect(run(unet)).rejects.toThrow(
      /^unet: this device does not have enough memory .*press Generate again/,
    );
    expect(runtime).toMatchObject({ isLost: true, isExhausted: true });
  });

  it('ends a run whose device is lost meanwhile, though ONNX Runtime never answers', async () => {
    let lose: (info: GPUDeviceLostInfo) => void = () => {};
    const lost = new Promise<GPUDeviceLostInfo>((done) => {
      lose = done;
    });
    const device = { lost, addEventListener() {} } as unknown as GPUDevice;
    const runtime = new Runtime({} as typeof Ort, target, device);
    const hanging = runtime.enqueue('unet', () => new Promise<never>(() => {}));
    lose({ reason: 'unknown', message: 'unplugged' } as GPUDeviceLostInfo);
    await expect(hanging).rejects.toThrow(/^unet: the GPU was lost \(unplugged\)/);
  });

  it('names the loss where ONNX Runtime fails of it before it is told', async () => {
    let lose: (info: GPUDeviceLostInfo) => void = () => {};
    const lost = new Promise<GPUDeviceLostInfo>((done) => {
      lose = done;
    });
    const device = { lost, addEventListener() {} } as unknown as GPUDevice;
    const runtime = new Runtime({} as typeof Ort, target, device);
    const failing = runtime.enqueue('unet', () => Promise.reject(new Error('map_async_result.status == …')));
    setTimeout(() => lose({ reason: 'destroyed', message: '' } as GPUDeviceLostInfo), 20);
    await expect(failing).rejects.toThrow(/^unet: the GPU was lost/);
  });

  it('says that the device was lost, whoever took it away', async () => {
    let resolve: (info: GPUDeviceLostInfo) => void = () => {};
    const promise = new Promise<GPUDeviceLostInfo>((done) => {
      resolve = done;
    });
    const device = { lost: promise, addEventListener() {} } as unknown as GPUDevice;
    const runtime = new Runtime({} as typeof Ort, target, device);
    resolve({ reason: 'destroyed', message: '' } as GPUDeviceLostInfo);
    await promise;
    await expect(runtime.enqueue('unet', async () => 1)).rejects.toThrow(/^unet: the GPU was lost/);
    expect(runtime).toMatchObject({ isLost: true, isExhausted: false });
  });
});
