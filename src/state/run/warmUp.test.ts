import { afterEach, expect, it, vi } from 'vitest';
import { createStore } from 'zustand/vanilla';
import { eventually } from '../../../test/support/eventually';
import type { EngineStatus } from '../../contract/engine';
import { browserSurroundings, warmUp } from './warmUp';

afterEach(() => vi.unstubAllGlobals());

function setUp({ pieces = 3, provider = 'wasm' as EngineStatus['provider'], mayFetch = true } = {}) {
  const settings = createStore(() => ({ model_name: 'starter' }));
  const run = createStore(() => ({ running: false }));
  const selecting = createStore(() => ({ phase: 'idle' }));
  const hosted = createStore(() => ({ on: false }));
  const waiting: (() => void)[] = [];
  let done = 0;
  const engine = {
    warmUp: vi.fn(async () => ++done < pieces),
    coolDown: vi.fn(async () => {}),
    onStatus(listener: (status: EngineStatus) => void) {
      listener({ provider, precision: 'fp32' });
      return () => {};
    },
  };
  const quiet = () => new Promise<void>((resolve) => waiting.push(resolve));
  const surroundings = { quiet, mayFetch: async () => mayFetch };
  const finished = warmUp({ engine, settings, run, selecting, hosted, surroundings });
  /** Waits until a piece wants to begin, and lets it. */
  const rest = async () => {
    await eventually(() => expect(waiting).toHaveLength(1));
    waiting.pop()?.();
  };
  return { settings, run, selecting, engine, finished, rest };
}

it('does all pieces, each once the person rests', async () => {
  const { engine, finished, rest } = setUp();
  await rest();
  await rest();
  await rest();
  await finished;
  expect(engine.warmUp).toHaveBeenCalledTimes(3);
  expect(engine.coolDown).not.toHaveBeenCalled();
});

it('waits while a run is at work', async () => {
  const { engine, run, finished, rest } = setUp({ pieces: 2 });
  await rest();
  await eventually(() => expect(engine.warmUp).toHaveBeenCalledTimes(1));
  run.setState({ running: true });
  await rest();
  await new Promise((resolve) => setTimeout(resolve));
  expect(engine.warmUp).toHaveBeenCalledTimes(1);
  run.setState({ running: false });
  // After a run the person looks at its result: the next piece waits for a rest again.
  await rest();
  await finished;
  expect(engine.warmUp).toHaveBeenCalledTimes(2);
});

it('waits while an object is being selected, and begins nothing in between', async () => {
  const { engine, selecting, run, finished, rest } = setUp({ pieces: 1 });
  selecting.setState({ phase: 'working' });
  await rest();
  await new Promise((resolve) => setTimeout(resolve));
  run.setState({ running: true });
  selecting.setState({ phase: 'idle' });
  await rest();
  await new Promise((resolve) => setTimeout(resolve));
  expect(engine.warmUp).not.toHaveBeenCalled();
  run.setState({ running: false });
  await rest();
  await finished;
  expect(engine.warmUp).toHaveBeenCalledTimes(1);
});

it('lets go of the model once when another one is chosen, and does no more', async () => {
  const { engine, settings, finished, rest } = setUp();
  await rest();
  await eventually(() => expect(engine.warmUp).toHaveBeenCalledTimes(1));
  settings.setState({ model_name: 'another/model' });
  settings.setState({ model_name: 'a-third/model' });
  await rest();
  await finished;
  expect(engine.warmUp).toHaveBeenCalledTimes(1);
  expect(engine.coolDown).toHaveBeenCalledTimes(1);
});

it.each([
  ['on a GPU', { provider: 'webgpu' as const }],
  ['where it would have to be fetched over mobile data', { mayFetch: false }],
])('does nothing %s', async (_where, options) => {
  const { engine, finished } = setUp(options);
  await finished;
  expect(engine.warmUp).not.toHaveBeenCalled();
});

/** The page as far as it is looked at here. */
function stubPage({ connection = {}, stored = false, memory = 8 } = {}) {
  vi.stubGlobal('navigator', { connection, deviceMemory: memory });
  const listeners = new Map<string, (() => void)[]>();
  vi.stubGlobal('window', {
    caches: {},
    addEventListener: (type: string, listener: () => void) =>
      listeners.set(type, [...(listeners.get(type) ?? []), listener]),
  });
  vi.stubGlobal('caches', { match: async () => (stored ? {} : undefined) });
  vi.stubGlobal('matchMedia', () => ({ matches: false }));
  return (type: string) => {
    for (const listener of listeners.get(type) ?? []) listener();
  };
}

it.each([
  ['wishes to save data', { connection: { saveData: true } }],
  ['is on mobile data', { connection: { type: 'cellular' } }],
  ['is on a slow network', { connection: { downlink: 1.5 } }],
  ['has little memory', { memory: 2, stored: true }],
])('fetches nothing beforehand for a device that %s', async (_what, page) => {
  stubPage(page);
  expect(await browserSurroundings('https://a.example/models/starter/').mayFetch()).toBe(false);
});

it('takes a model that is stored at once, and fetches one only for who has touched the page', async () => {
  stubPage({ stored: true, connection: { downlink: 1.5 } });
  expect(await browserSurroundings('https://a.example/models/starter/').mayFetch()).toBe(true);
  const happen = stubPage();
  let may: boolean | undefined;
  void browserSurroundings('https://a.example/models/starter/')
    .mayFetch()
    .then((answer) => {
      may = answer;
    });
  happen('pointermove');
  await new Promise((resolve) => setTimeout(resolve));
  expect(may).toBeUndefined();
  happen('pointerdown');
  await eventually(() => expect(may).toBe(true));
});
