import { expect, it, vi } from 'vitest';
import { createStore } from 'zustand/vanilla';
import { eventually } from '../../../test/support/eventually';
import type { EngineStatus } from '../../contract/engine';
import { warmUp } from './warmUp';

function setUp({ pieces = 3, provider = 'wasm' as EngineStatus['provider'], mayFetch = true } = {}) {
  const settings = createStore(() => ({ model_name: 'starter' }));
  const run = createStore(() => ({ running: false }));
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
  const finished = warmUp({ engine, settings, run, hosted, surroundings });
  /** Waits until a piece wants to begin, and lets it. */
  const rest = async () => {
    await eventually(() => expect(waiting).toHaveLength(1));
    waiting.pop()?.();
  };
  return { settings, run, hosted, engine, finished, rest };
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
  await finished;
  expect(engine.warmUp).toHaveBeenCalledTimes(2);
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
