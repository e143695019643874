import { expect, it, vi } from 'vitest';
import { fakeEngine, opened, paint } from '../../../test/support/session';
import { createSaving } from '../../state/session/saving';
import type { CommandApp, CommandState } from './command';
import { type CommandId, commandOf } from './index';

/** By default a run lasts until it is cancelled. */
async function page(
  engine = fakeEngine(
    ({ signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve())),
  ).engine,
) {
  const session = await opened(engine);
  const compare = vi.fn();
  const saving = createSaving({ session, encode: async (file) => file, give: vi.fn(), write: vi.fn() });
  const app: CommandApp = { session, saving, openPicker: vi.fn(), showHelp: vi.fn(), compare };
  const state = (): CommandState => ({
    editor: session.editor.store.getState(),
    run: session.run.getState(),
    versions: session.versions.getState(),
    saving: saving.store.getState(),
  });
  return {
    session,
    compare,
    adjusting: () => state().editor.adjusting,
    run: (id: CommandId) => commandOf(id).run(app),
    release: (id: CommandId) => commandOf(id).release?.(app),
    enabled: (id: CommandId) => commandOf(id).enabled(state()),
    pressed: (id: CommandId) => commandOf(id).pressed?.(state()),
  };
}

it('frame and canvas are adjusted one at a time; the frame needs a mask, and a run rules out both', async () => {
  const { session, run, enabled, pressed, adjusting } = await page();
  expect([enabled('frame'), enabled('canvas')]).toEqual([false, true]);
  run('frame');
  expect(adjusting()).toBeNull();
  paint(session);
  expect(enabled('frame')).toBe(true);
  run('frame');
  expect([pressed('frame'), pressed('canvas')]).toEqual([true, false]);
  run('canvas');
  expect([pressed('frame'), pressed('canvas')]).toEqual([false, true]);
  run('canvas');
  expect(adjusting()).toBeNull();
  const running = session.generate();
  await vi.waitFor(() => expect(session.run.getState().running).toBe(true));
  expect([enabled('frame'), enabled('canvas'), enabled('generate')]).toEqual([false, false, false]);
  run('canvas');
  expect(adjusting()).toBeNull();
  session.cancel();
  await running;
});

it('Escape drops the shape, then cancels the run, then leaves what is adjusted', async () => {
  const { session, run, adjusting } = await page();
  const { editor, run: runState } = session;
  paint(session);
  run('frame');
  const running = session.generate();
  await vi.waitFor(() => expect(runState.getState().running).toBe(true));
  editor.setTool('polygon');
  editor.gesture.press({ x: 5, y: 5 });
  editor.gesture.release({ x: 5, y: 5 });
  run('escape');
  expect(editor.store.getState().draft).toBeNull();
  expect(runState.getState().running).toBe(true);
  run('escape');
  await running;
  expect(runState.getState().running).toBe(false);
  expect(adjusting()).toEqual({ what: 'frame' });
  run('escape');
  expect(adjusting()).toBeNull();
});

it('the swap key goes from brush to eraser and back; with other tools it subtracts and adds', async () => {
  const { session, run, pressed } = await page();
  run('swap');
  expect(pressed('eraser')).toBe(true);
  run('swap');
  expect(pressed('brush')).toBe(true);
  run('wand');
  run('swap');
  expect(session.editor.store.getState()).toMatchObject({ tool: 'wand', mode: 'subtract' });
  run('swap');
  expect(session.editor.store.getState().mode).toBe('add');
});

it('comparing lasts until it is released', async () => {
  const { compare, run, release } = await page();
  run('compare');
  release('compare');
  expect(compare.mock.calls).toEqual([[true], [false]]);
});

it('results: shown in turn, accepted or discarded, and nothing of it during a run', async () => {
  let waits = false;
  const { engine } = fakeEngine(async ({ signal }) => {
    if (waits) await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
  });
  const { session, run, enabled } = await page(engine);
  const shown = () => session.versions.getState().shownId;
  paint(session);
  expect([enabled('remove'), enabled('accept'), enabled('again'), enabled('nextResult')]).toEqual([
    true,
    false,
    false,
    false,
  ]);
  await session.remove();
  expect([enabled('accept'), enabled('discard'), enabled('nextResult')]).toEqual([true, true, false]);
  run('again');
  await vi.waitFor(() => expect(shown()).toBe(2));
  expect(enabled('nextResult')).toBe(true);
  run('nextResult');
  expect(shown()).toBe(1);
  run('previousResult');
  expect(shown()).toBe(2);
  run('discard');
  expect(shown()).toBeNull();
  expect(enabled('accept')).toBe(false);
  session.show(1);
  waits = true;
  run('again');
  await vi.waitFor(() => expect(session.run.getState().running).toBe(true));
  expect([enabled('remove'), enabled('accept'), enabled('again'), enabled('moreAround')]).toEqual([
    false,
    false,
    false,
    false,
  ]);
  for (const id of ['accept', 'discard', 'nextResult', 'remove', 'again', 'moreAround'] as const) run(id);
  session.cancel();
  await vi.waitFor(() => expect(session.run.getState().running).toBe(false));
  expect(session.versions.getState()).toMatchObject({ baseId: 0, shownId: 1 });
  run('accept');
  await vi.waitFor(() => expect(session.versions.getState()).toMatchObject({ baseId: 1, shownId: null }));
  expect(enabled('remove')).toBe(false);
});
