/** The page's side of the assistant's worker, which starts at the first call. */
import {
  type Assistant,
  type AssistCall,
  type AssistProgress,
  type AssistRequest,
  type AssistValues,
  type FromAssistant,
  readFromAssistant,
  type ToAssistant,
} from '../contract/assist';
import { DeviceLostError, decodeError } from '../contract/errors';
import { createAssistantQueue, type Job } from './assistantQueue';
import { createWorkerClient, type WorkerLike } from './workerClient';

export type AssistantWorker = WorkerLike<ToAssistant, FromAssistant>;

function spawnAssistant(): AssistantWorker {
  return new Worker(new URL('../worker/assistant.ts', import.meta.url), {
    type: 'module',
    name: 'inlay-assistant',
  });
}

export interface AssistantOptions {
  /** The page's own URL: the model's files are stored relative to it. */
  baseUrl?: string;
  spawn?: () => AssistantWorker;
  /** Whether the model's files are on this device. */
  isKept(): Promise<boolean>;
}

/** What is at work in the worker. */
interface Current {
  id: number;
  report(progress: AssistProgress): void;
  resolve(value: AssistValues[keyof AssistValues]): void;
  reject(error: Error): void;
  stage: AssistProgress['stage'];
}

export function createAssistant(options: AssistantOptions): Assistant {
  const { baseUrl = new URL('.', location.href).href, spawn = spawnAssistant } = options;
  const queue = createAssistantQueue();
  let current: Current | undefined;
  let answerMs: number | null = null;
  let selector: string | undefined;
  let lastId = 0;
  /** Numbers of images, and the one that the present worker has. */
  const numbers = new WeakMap<Blob, number>();
  let sent: Blob | undefined;

  const worker = createWorkerClient<ToAssistant, FromAssistant>({
    name: 'assistant',
    spawn,
    greeting: () => [{ type: 'init', baseUrl, selector }],
    read: readFromAssistant,
    receive,
    onEnd(reason) {
      sent = undefined;
      const failed = current;
      current = undefined;
      failed?.reject(new DeviceLostError(`Selecting stopped (${reason}). Try again, or reload the page.`));
    },
  });

  function receive(message: Exclude<FromAssistant, { type: 'alive' }>): void {
    if (message.id !== current?.id) return;
    const call = current;
    switch (message.type) {
      case 'progress':
        call.stage = message.progress.stage;
        if (queue.isHeld && isLong(call)) stopCurrent();
        else call.report(message.progress);
        return;
      case 'result':
        current = undefined;
        if (call.stage === 'answer') answerMs = message.answerMs;
        call.resolve(message.value);
        return;
      case 'error':
        current = undefined;
        call.reject(decodeError(message.error));
        return;
      default:
        throw new TypeError(`unknown message ${message satisfies never}`);
    }
  }

  /**
   * Nothing can pause ONNX Runtime within a network: its worker ends. What it was doing is done again, unless it was
   * cancelled.
   */
  function stopCurrent(): void {
    stop();
    queue.interrupt();
  }

  function stop(): void {
    worker.stop();
    sent = undefined;
    current = undefined;
  }

  function numberOf(image: Blob): number {
    const known = numbers.get(image) ?? ++lastId;
    numbers.set(image, known);
    return known;
  }

  function ask<Method extends AssistRequest['method']>(
    priority: Job['priority'],
    image: Blob,
    request: AssistRequest & { method: Method },
    { signal, onProgress = () => {} }: AssistCall,
  ): Promise<AssistValues[Method]> {
    const start = () =>
      new Promise<AssistValues[Method]>((resolve, reject) => {
        const id = ++lastId;
        // A worker that can't start throws before the call is listed.
        worker.start();
        if (sent !== image) worker.post({ type: 'image', image: numberOf(image), file: image });
        sent = image;
        current = {
          ...{ id, reject, stage: 'open' },
          report: (progress) => signal.aborted || onProgress(progress),
          // The protocol pairs each method with its value.
          resolve: (value) => resolve(value as AssistValues[Method]),
        };
        worker.post({ type: 'call', id, request });
      });
    const cancelled = () => {
      // What takes seconds ends with its worker; an answer comes in an instant, and nobody takes it.
      if (current !== undefined && isMine() && current.stage !== 'answer') stopCurrent();
    };
    let mine: Current | undefined;
    const isMine = () => current === mine;
    signal.addEventListener('abort', cancelled, { once: true });
    return queue
      .add({
        ...{ priority, signal },
        start: () => {
          const started = start();
          mine = current;
          return started;
        },
        onWait: () => onProgress({ stage: 'wait' }),
      })
      .finally(() => signal.removeEventListener('abort', cancelled));
  }

  return {
    // A model of the Hub is on this device before it is chosen.
    isKept: async () => selector !== undefined || options.isKept(),
    async prepare(image, view, call) {
      await ask(1, image, { method: 'prepare', image: numberOf(image), view }, call);
    },
    select: (image, selection, call) =>
      ask(0, image, { method: 'select', image: numberOf(image), selection }, call),
    find: (image, naming, call) => ask(0, image, { method: 'find', image: numberOf(image), naming }, call),
    use(next) {
      if (next === selector) return;
      selector = next;
      answerMs = null;
      // What it is asked at the moment is asked again, of the other model.
      stopCurrent();
    },
    outline: (image, prompt, call) =>
      ask(2, image, { method: 'outline', image: numberOf(image), prompt }, call),
    get answerMs() {
      return answerMs;
    },
    hold(isHeld) {
      queue.hold(isHeld);
      if (isHeld && current !== undefined && isLong(current)) stopCurrent();
    },
    release() {
      if (current === undefined) stop();
    },
  };
}

/** Whether what is at work takes the processor for seconds. */
function isLong({ stage }: Current): boolean {
  return stage === 'open' || stage === 'encode' || stage === 'find';
}
