import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { openedEditor } from '../../../test/support/openedEditor';
import type { Assistant, AssistCall, AssistProgress } from '../../contract/assist';
import { abortError } from '../../contract/errors';
import { createVersions } from '../pictures/versions';
import { createRunState } from '../run/runState';
import { createSelecting } from './selecting';

/** Its calls end when the test says so. */
class FakeAssistant implements Assistant {
  find = async () => null;
  use = () => {};
  kept = false;
  answerMs: number | null = null;
  held: boolean[] = [];
  released = 0;
  prepared = 0;
  selected = 0;
  outlined = 0;
  #now: { call: AssistCall; end(): void } | undefined;
  isKept = async () => this.kept;
  prepare = (_image: Blob, _view: unknown, call: AssistCall) => {
    this.prepared += 1;
    return this.#work<void>(call, undefined);
  };
  select = (_image: Blob, _request: unknown, call: AssistCall) => {
    this.selected += 1;
    return this.#work<null>(call, null);
  };
  outline = async () => {
    this.outlined += 1;
    return 'M0 0Z';
  };
  hold = (isHeld: boolean) => void this.held.push(isHeld);
  release = () => {
    this.released += 1;
  };

  #work<Value>(call: AssistCall, value: Value): Promise<Value> {
    return new Promise((resolve, reject) => {
      call.signal.addEventListener('abort', () => reject(abortError()));
      this.#now = { call, end: () => resolve(value) };
    });
  }
  report(progress: AssistProgress): void {
    this.#now?.call.onProgress?.(progress);
  }
  async end(): Promise<void> {
    this.#now?.end();
    await settled();
  }
}

const settled = async () => {
  for (let i = 0; i < 10; i++) await Promise.resolve();
};

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function setUp({ kept = false } = {}) {
  const { editor, gesture } = openedEditor();
  const run = createRunState();
  const assistant = new FakeAssistant();
  assistant.kept = kept;
  let here = true;
  const selecting = createSelecting({
    session: { editor, run: run.store, versions: createVersions().store },
    assistant,
    downloadBytes: 100,
    runsHere: () => here,
  });
  const press = () => {
    gesture.press({ x: 10, y: 10 });
    gesture.release({ x: 10, y: 10 });
  };
  const state = () => selecting.store.getState();
  const runElsewhere = () => {
    here = false;
  };
  return { editor, run, assistant, selecting, press, state, runElsewhere };
}

it('does nothing before the tool is taken up, and then asks before it downloads', async () => {
  const { editor, assistant, selecting, state } = setUp();
  expect(state().phase).toBe('idle');
  editor.setTool('selectObject');
  await settled();
  expect(state().phase).toBe('asking');
  expect(assistant.prepared).toBe(0);
  selecting.allow();
  await settled();
  expect(assistant.prepared).toBe(1);
  assistant.report({ stage: 'download', loadedBytes: 5, totalBytes: 100 });
  expect(state()).toMatchObject({ phase: 'working', progress: { loadedBytes: 5 } });
  assistant.report({ stage: 'encode' });
  await assistant.end();
  expect(state()).toMatchObject({ phase: 'idle', progress: null });
});

it('does not ask for a model that is on the device', async () => {
  const { editor, assistant, state } = setUp({ kept: true });
  editor.setTool('selectObject');
  await settled();
  expect(state().phase).toBe('idle');
  expect(assistant.prepared).toBe(1);
});

it('stopped during the download, it asks again; stopped later, it does not', async () => {
  const { editor, assistant, selecting, state } = setUp();
  editor.setTool('selectObject');
  await settled();
  selecting.allow();
  await settled();
  assistant.report({ stage: 'download', loadedBytes: 5, totalBytes: 100 });
  selecting.stop();
  await settled();
  expect(state()).toMatchObject({ phase: 'asking', problem: null });
  selecting.allow();
  await settled();
  assistant.report({ stage: 'encode' });
  selecting.stop();
  await settled();
  expect(state().phase).toBe('idle');
});

it('a press waits for the permission, and is dropped with the tool', async () => {
  const { editor, assistant, selecting, press } = setUp();
  editor.setTool('selectObject');
  await settled();
  press();
  await settled();
  expect(assistant.selected).toBe(0);
  selecting.allow();
  await settled();
  expect(assistant.selected).toBe(1);
  await assistant.end();
  const other = setUp();
  other.editor.setTool('selectObject');
  await settled();
  other.press();
  await settled();
  other.editor.setTool('brush');
  await settled();
  other.selecting.allow();
  await settled();
  expect(other.assistant.selected).toBe(0);
  expect(other.editor.store.getState().objectMarks).toEqual([]);
});

it('holds the assistant during runs on this device, not during those elsewhere', () => {
  const { run, assistant, runElsewhere } = setUp();
  run.begin('remove', null);
  run.end();
  expect(assistant.held).toEqual([true, false]);
  runElsewhere();
  run.begin('remove', null);
  expect(assistant.held).toEqual([true, false, false]);
});

it('hints only where answers come fast, and never beside a run or while it reads', async () => {
  const { editor, run, assistant } = setUp({ kept: true });
  editor.setTool('selectObject');
  await settled();
  const hover = async () => {
    editor.gesture.move({ x: 20, y: 20 });
    await vi.advanceTimersByTimeAsync(200);
    return assistant.outlined;
  };
  expect(await hover()).toBe(0);
  await assistant.end();
  expect(await hover()).toBe(1);
  assistant.answerMs = 400;
  expect(await hover()).toBe(1);
  assistant.answerMs = 90;
  run.begin('remove', null);
  expect(await hover()).toBe(1);
  run.end();
  expect(await hover()).toBe(2);
});

it('gives its memory back a minute after the tool was put down', async () => {
  const { editor, assistant } = setUp({ kept: true });
  editor.setTool('selectObject');
  await settled();
  editor.setTool('brush');
  await vi.advanceTimersByTimeAsync(59_000);
  expect(assistant.released).toBe(0);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(assistant.released).toBe(1);
});
