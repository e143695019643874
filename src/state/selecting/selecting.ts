/**
 * Selecting things on the page: asks once before the model is downloaded, reads the image ahead while the tool is in hand, and
 * says what is going on. The assistant itself is in a worker.
 */
import { createStore } from 'zustand/vanilla';
import type { Assistant, AssistCall, AssistProgress } from '../../contract/assist';
import { abortError, isAbort, messageOf } from '../../contract/errors';
import { areaInSight, type ObjectSource, type ToolId, toolOf } from '../../editor/store';
import { versionInSight } from '../pictures/versions';
import type { Session } from '../session/session';
import type { ReadonlyStore } from '../settings/settingsStore';

export type { AssistProgress };

export interface SelectingState {
  /**
   * `asking`: the model is not on this device, and may not be fetched yet. `idle`: nothing to say.
   * `working`: `progress` says at what.
   */
  phase: 'idle' | 'asking' | 'working';
  progress: AssistProgress | null;
  /** What went wrong, as a sentence. */
  problem: string | null;
}

export interface Selecting {
  readonly store: ReadonlyStore<SelectingState>;
  /** What has to be downloaded once. */
  readonly downloadBytes: number;
  /** Allows the download, and begins. */
  allow(): void;
  /** Stops whatever the assistant does. */
  stop(): void;
  /** Another model selects from now on: whether it is on this device is asked again. */
  renew(): void;
}

export interface SelectingParts {
  session: Pick<Session, 'editor' | 'run' | 'versions'>;
  assistant: Assistant;
  downloadBytes: number;
  /** Whether runs are computed on this device: the others leave its processor free. */
  runsHere(): boolean;
}

/** A hint under the pointer is worth its while if an answer takes no longer, in milliseconds. */
const HINT_MS = 250;
/** The view rests so long before a part of the image is read ahead. */
const VIEW_RESTS_MS = 500;
/** So long after the tool was put down, its memory is given back. */
const RELEASE_MS = 60_000;

export function createSelecting(parts: SelectingParts): Selecting {
  const { session, assistant, runsHere, downloadBytes } = parts;
  const { editor } = session;
  const store = createStore<SelectingState>(() => ({ phase: 'idle', progress: null, problem: null }));
  let isAllowed = false;
  /** Presses that wait for the permission. */
  let waiting: { go(): void; stop(): void }[] = [];
  /** Everything that is being asked. */
  const calls = new Set<AbortController>();
  let hinting: AbortController | undefined;
  let restTimer: ReturnType<typeof setTimeout> | undefined;
  let releaseTimer: ReturnType<typeof setTimeout> | undefined;

  const asks = (tool: ToolId) => toolOf(tool).asksAssistant === true;
  const isInHand = () => asks(editor.store.getState().tool);
  const imageInSight = () =>
    versionInSight(session.versions.getState())?.file ?? editor.document?.picture.file;
  const rest = () => store.setState({ phase: isAllowed || !isInHand() ? 'idle' : 'asking', progress: null });

  /** One call, with its progress shown while it takes long. */
  async function ask<Value>(work: (call: AssistCall) => Promise<Value>): Promise<Value> {
    const controller = new AbortController();
    calls.add(controller);
    const show = (progress: AssistProgress) => {
      if (progress.stage === 'answer') rest();
      else store.setState({ phase: 'working', progress, problem: null });
    };
    try {
      return await work({ signal: controller.signal, onProgress: show });
    } finally {
      calls.delete(controller);
      if (calls.size === 0) rest();
    }
  }

  async function readAhead(): Promise<void> {
    const image = imageInSight();
    if (!isAllowed || !isInHand() || image === undefined) return;
    try {
      await ask((call) => assistant.prepare(image, areaInSight(editor.store.getState()), call));
    } catch (error) {
      if (!isAbort(error)) store.setState({ problem: messageOf(error) });
    }
  }

  function permit(): void {
    isAllowed = true;
    rest();
    for (const { go } of waiting) go();
    waiting = [];
    void readAhead();
  }

  async function takeUp(): Promise<void> {
    clearTimeout(releaseTimer);
    if (isAllowed) {
      await readAhead();
      return;
    }
    const isKept = await assistant.isKept().catch(() => false);
    if (!isInHand()) return;
    if (isKept) permit();
    else rest();
  }

  function putDown(): void {
    stop();
    store.setState({ problem: null });
    releaseTimer = setTimeout(assistant.release, RELEASE_MS);
  }

  function stop(): void {
    const { progress } = store.getState();
    // Stopped while it was being downloaded: it is asked again.
    if (progress?.stage === 'download') isAllowed = false;
    for (const controller of calls) controller.abort();
    for (const press of waiting) press.stop();
    waiting = [];
    rest();
  }

  function permission(): Promise<void> {
    if (isAllowed) return Promise.resolve();
    return new Promise((go, reject) => waiting.push({ go, stop: () => reject(abortError()) }));
  }

  const source: ObjectSource = {
    async select(image, request) {
      await permission();
      store.setState({ problem: null });
      return ask((call) => assistant.select(image, request, call));
    },
    async find(image, request) {
      await permission();
      store.setState({ problem: null });
      return ask((call) => assistant.find(image, request, call));
    },
    async outline(image, prompt) {
      const { phase } = store.getState();
      if (!isAllowed || phase !== 'idle' || calls.size > 0 || (assistant.answerMs ?? 0) > HINT_MS) return '';
      // What is shown over the canvas is another image, which a press brings there first.
      if (imageInSight() !== image || session.run.getState().running) return '';
      hinting?.abort();
      hinting = new AbortController();
      return assistant.outline(image, prompt, { signal: hinting.signal });
    },
  };
  editor.setObjectSource(source);

  editor.store.subscribe((now, before) => {
    if (now.tool !== before.tool) {
      if (asks(now.tool)) void takeUp();
      else if (asks(before.tool)) putDown();
    } else if (isInHand() && (now.pictureRevision !== before.pictureRevision || now.view !== before.view)) {
      clearTimeout(restTimer);
      restTimer = setTimeout(readAhead, VIEW_RESTS_MS);
    }
  });
  session.versions.subscribe((now, before) => {
    if (isInHand() && versionInSight(now) !== versionInSight(before)) void readAhead();
  });
  session.run.subscribe(({ running }, before) => {
    if (running !== before.running) assistant.hold(running && runsHere());
  });

  function renew(): void {
    isAllowed = false;
    store.setState({ problem: null });
    if (isInHand()) void takeUp();
  }

  return { store, downloadBytes, allow: permit, stop, renew };
}
