/**
 * The hosted API beside this machine's engine: which of the two paints, by whose key, and the person's consent before
 * anything is sent.
 */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Engine, LocalEngine } from '../engine/engine';
import { CheckpointError, DeviceError, InputError } from '../engine/errors';
import type { InpaintRequest } from '../engine/schema';
import { STARTER } from './models';

/** By whose leave the API is used. */
export type Access = { kind: 'key'; key: string } | { kind: 'proxy'; url: string };

export interface HostedState {
  /** The switch: runs go to the hosted API. */
  on: boolean;
  /** How the key is shown; the key itself stands in no store. Null: there is none. */
  maskedKey: string | null;
  /** The key is kept in this browser's storage, as the person asked. */
  remembered: boolean;
  /** The page's own server holds a key. */
  hasProxy: boolean;
  online: boolean;
  /** Runs that fail here go to the hosted API without asking. */
  always: boolean;
  /** A run failed here: may it be sent? */
  question: { reason: string } | null;
}

export type Answer = 'once' | 'always' | 'no';

export interface Hosted {
  readonly store: StoreApi<HostedState>;
  setOn(on: boolean): void;
  /** @param remember also keep it in this browser's storage */
  setKey(key: string, remember: boolean): void;
  removeKey(): void;
  /** Takes the consent of `always` back. */
  askAgain(): void;
  answer(answer: Answer): void;
  /** @throws InputError (`fal_key`) where there is neither key nor proxy */
  access(): Access;
  /** An engine that paints where the switch says, and offers the other place where this machine cannot. */
  route(local: LocalEngine, remote: Engine): LocalEngine;
  /** Runs what prepares a run on this machine, unless it goes elsewhere. */
  prepare(modelName: string, signal: AbortSignal, work: () => Promise<void>): Promise<void>;
}

/** What of the browser it needs; tests pass another. */
export interface HostedPlace {
  storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> | undefined;
  proxyUrl: string;
  fetch: typeof fetch;
  isOnline(): boolean;
  onConnection(listener: () => void): void;
}

const KEY = 'inlay.fal.key';

export function createHosted(place: HostedPlace): Hosted {
  const { storage, proxyUrl } = place;
  let key = storage?.getItem(KEY) ?? null;
  /** The run in hand was agreed to go out while it was prepared. */
  let agreed = false;
  let reply: ((answer: Answer) => void) | undefined;
  const store = createStore<HostedState>(() => ({
    on: false,
    maskedKey: key && masked(key),
    remembered: key !== null,
    hasProxy: false,
    online: place.isOnline(),
    always: false,
    question: null,
  }));
  place.onConnection(() => store.setState({ online: place.isOnline() }));

  let probing: Promise<void> | undefined;
  /** Asks the page's own server, once: only one with a key answers so, and a page for unknown paths is none. */
  function probe(): Promise<void> {
    probing ??= place
      .fetch(proxyUrl)
      .then(async (response) => response.ok && (await response.json()).endpoint === 'fal-ai/inpaint')
      .catch(() => false)
      .then((hasProxy) => store.setState({ hasProxy }));
    return probing;
  }

  function access(): Access {
    if (key !== null) return { kind: 'key', key };
    if (store.getState().hasProxy) return { kind: 'proxy', url: proxyUrl };
    throw new InputError('fal_key', 'Hosted API: enter a key of fal.ai first, below its switch.');
  }

  async function mayBeSent(reason: string, signal: AbortSignal): Promise<boolean> {
    await probe();
    const { always, online, hasProxy } = store.getState();
    // Without a way there is nothing to offer: the reason alone is shown.
    if (!online || (key === null && !hasProxy)) return false;
    if (always) return true;
    const answer = await new Promise<Answer>((resolve) => {
      reply = resolve;
      signal.addEventListener('abort', () => resolve('no'), { once: true });
      store.setState({ question: { reason } });
    });
    reply = undefined;
    store.setState({ question: null, ...(answer === 'always' && { always: true }) });
    signal.throwIfAborted();
    return answer !== 'no';
  }

  /** What another machine would not fail at. */
  const isOfHere = (error: unknown): error is Error =>
    error instanceof DeviceError || error instanceof CheckpointError;

  return {
    store,
    setOn(on) {
      store.setState({ on });
      if (on) void probe();
    },
    setKey(entered, remember) {
      const trimmed = entered.trim();
      if (trimmed === '') return;
      key = trimmed;
      if (remember) storage?.setItem(KEY, trimmed);
      else storage?.removeItem(KEY);
      store.setState({ maskedKey: masked(trimmed), remembered: remember && storage !== undefined });
    },
    removeKey() {
      key = null;
      storage?.removeItem(KEY);
      store.setState({ maskedKey: null, remembered: false, always: false });
    },
    askAgain: () => store.setState({ always: false }),
    answer: (answer) => reply?.(answer),
    access,
    async prepare(modelName, signal, work) {
      agreed = false;
      if (store.getState().on) return;
      try {
        await work();
      } catch (error) {
        if (!isOfHere(error) || !isPublic(modelName) || !(await mayBeSent(error.message, signal)))
          throw error;
        agreed = true;
      }
    },
    route: (local, remote) => ({
      ...local,
      async inpaint(request, options, call) {
        const isAgreed = agreed;
        agreed = false;
        if (store.getState().on || isAgreed) {
          await probe();
          return send(request, () => remote.inpaint(request, options, call));
        }
        try {
          return await local.inpaint(request, options, call);
        } catch (error) {
          if (!isOfHere(error) || !isPublic(request.model_name)) throw error;
          if (!(await mayBeSent(error.message, call.signal))) throw error;
          return remote.inpaint(request, options, call);
        }
      },
      async dispose() {
        await Promise.all([local.dispose(), remote.dispose()]);
      },
    }),
  };
}

function send<Result>({ model_name }: InpaintRequest, work: () => Promise<Result>): Promise<Result> {
  if (isPublic(model_name)) return work();
  throw new InputError(
    'model_name',
    `Model: the hosted API cannot reach “${model_name}”, which lies here alone; name a Hugging Face id or an address.`,
  );
}

/** Whether others can get the model by its name, too. */
function isPublic(modelName: string): boolean {
  return (
    modelName !== STARTER && (/^https?:\/\//i.test(modelName) || /^[\w.-]+\/[\w.-]+(@.+)?$/.test(modelName))
  );
}

function masked(key: string): string {
  return `••••${key.length >= 12 ? key.slice(-4) : ''}`;
}

/** The browser's own. */
export function browserPlace(): HostedPlace {
  let storage: Storage | undefined;
  try {
    storage = window.localStorage;
  } catch {
    // Storage is forbidden: a key lasts until the page is left.
  }
  return {
    storage,
    proxyUrl: new URL('api/fal', document.baseURI).href,
    fetch: (input, init) => fetch(input, init),
    isOnline: () => navigator.onLine,
    onConnection(listener) {
      window.addEventListener('online', listener);
      window.addEventListener('offline', listener);
    },
  };
}
