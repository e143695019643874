/**
 * The hosted API beside this device's engine: which of them runs, with which key, and the user's consent before anything
 * is sent.
 */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Engine, HostedAccess } from '../../contract/engine';
import {
  DeviceLostError,
  InputError,
  OutOfMemoryError,
  TooLargeError,
  UnsupportedError,
} from '../../contract/errors';
import { MAX_NAME_CHARACTERS } from '../../contract/limits';
import type { Painter } from '../../contract/recipe';
import { taskOf } from '../../contract/tasks';
import { displayError } from '../errorDisplay';
import { STARTER } from '../models/modelCatalogue';

export interface HostedState {
  /** The switch: runs go to the hosted API. */
  on: boolean;
  /** The key as it is shown; the key itself is in no store. Null if there isn't one. */
  maskedKey: string | null;
  /** The key is in this browser's storage, as the user asked. */
  remembered: boolean;
  /** The page's own server holds a key. */
  hasProxy: boolean;
  /** The user's own server, which replaces fal.ai; remembered in this browser. */
  server: string | null;
  /** The server's key as it is shown; null if there isn't one. */
  maskedServerKey: string | null;
  online: boolean;
  /** Runs that this device can't do go to the hosted API without asking; remembered until it is revoked. */
  always: boolean;
  /** This device can't do a run, for this reason in the words of `displayError`: may it be sent? */
  question: { reason: string } | null;
}

export type Answer = 'once' | 'always' | 'no';

export interface Hosted {
  readonly store: StoreApi<HostedState>;
  setOn(on: boolean): void;
  /** @param remember also keep it in this browser's storage */
  setKey(key: string, remember: boolean): void;
  removeKey(): void;
  /**
   * Points the switch at a server that speaks the same API.
   * @param key empty if it doesn't need one
   * @param remember also keep the key in this browser's storage
   * @returns what is wrong with the URL, or null
   */
  setServer(url: string, key: string, remember: boolean): string | null;
  /** Back to fal.ai. */
  removeServer(): void;
  /** Revokes `always`. */
  askAgain(): void;
  answer(answer: Answer): void;
  /**
   * Runs `work` where the switch says; if this device can't do it and the user agrees, once more with the hosted API.
   * Nothing is sent otherwise.
   * @throws InputError (`model_name`) if the switch is on and others can't reach the model; whatever `work` throws
   */
  run(call: HostedCall, work: (target: RunTarget) => Promise<void>): Promise<void>;
}

/** Where a run happens. */
export interface RunTarget {
  kind: Painter;
  engine: Engine;
}

export interface HostedCall {
  /** This device's engine. */
  local: Engine;
  modelName: string;
  /** Aborting answers the question with no. */
  signal: AbortSignal;
}

/** What it needs from the browser; tests pass their own. */
export interface HostedEnvironment {
  storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> | undefined;
  proxyUrl: string;
  fetch: typeof fetch;
  isOnline(): boolean;
  onConnection(listener: () => void): void;
}

const KEY = 'inlay.fal.key';
const ALWAYS = 'inlay.fal.always';
const SERVER = 'inlay.server';
const SERVER_KEY = 'inlay.server.key';
/** After this many lost devices in a row, a run is offered to the hosted API. */
const LOSSES = 2;

/** @param connect creates the hosted API's engine, which asks for access on each run */
export function createHosted(
  environment: HostedEnvironment,
  connect: (access: () => HostedAccess) => Engine,
): Hosted {
  const { storage, proxyUrl } = environment;
  let key = storage?.getItem(KEY) ?? null;
  let serverKey = storage?.getItem(SERVER_KEY) ?? null;
  let losses = 0;
  let reply: ((answer: Answer) => void) | undefined;
  const store = createStore<HostedState>(() => ({
    on: false,
    maskedKey: key && masked(key),
    remembered: key !== null,
    hasProxy: false,
    server: storage?.getItem(SERVER) ?? null,
    maskedServerKey: serverKey && masked(serverKey),
    online: environment.isOnline(),
    always: storage?.getItem(ALWAYS) === 'yes',
    question: null,
  }));
  environment.onConnection(() => store.setState({ online: environment.isOnline() }));

  let probing: Promise<void> | undefined;
  /** Asks the page's own server until it has answered once: only a server with a key answers like that. */
  function probe(): Promise<void> {
    probing ??= environment
      .fetch(proxyUrl)
      .then(isProxy, () => {
        // Unreachable: ask again later.
        probing = undefined;
        return false;
      })
      .then((hasProxy) => store.setState({ hasProxy }));
    return probing;
  }

  /** @throws InputError (`fal_key`) if there is neither a key nor a proxy */
  function access(): HostedAccess {
    const { server } = store.getState();
    if (server !== null)
      return { kind: 'server', url: server, ...(serverKey !== null && { key: serverKey }) };
    if (key !== null) return { kind: 'key', key };
    if (store.getState().hasProxy) return { kind: 'proxy', url: proxyUrl };
    throw new InputError('fal_key', 'Enter your fal.ai API key first, or the URL of your own server.');
  }
  const remote = connect(access);

  function setAlways(always: boolean): void {
    if (always) storage?.setItem(ALWAYS, 'yes');
    else storage?.removeItem(ALWAYS);
    store.setState({ always });
  }

  async function mayBeSent(reason: string, signal: AbortSignal): Promise<boolean> {
    await probe();
    const { always } = store.getState();
    if (isCutOff(store.getState())) return false;
    if (always && hasAccess(store.getState())) return true;
    // Without a key the question has a field for one.
    const answer = await new Promise<Answer>((resolve) => {
      reply = resolve;
      signal.addEventListener('abort', () => resolve('no'), { once: true });
      store.setState({ question: { reason } });
    });
    reply = undefined;
    store.setState({ question: null });
    signal.throwIfAborted();
    if (answer === 'always') setAlways(true);
    return answer !== 'no';
  }

  /** Errors that another device would not have. */
  function cannotRunHere(error: unknown): error is Error {
    if (error instanceof DeviceLostError) {
      losses++;
      return losses >= LOSSES;
    }
    return (
      error instanceof TooLargeError || error instanceof OutOfMemoryError || error instanceof UnsupportedError
    );
  }

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
      setAlways(false);
      store.setState({ maskedKey: null, remembered: false });
    },
    setServer(typed, entered, remember) {
      const url = serverUrl(typed);
      if (url === null) return 'Enter the URL that npm run serve prints, such as http://127.0.0.1:8199.';
      serverKey = entered.trim() || null;
      storage?.setItem(SERVER, url);
      if (serverKey !== null && remember) storage?.setItem(SERVER_KEY, serverKey);
      else storage?.removeItem(SERVER_KEY);
      // Consent was given for another server.
      setAlways(false);
      store.setState({ server: url, maskedServerKey: serverKey && masked(serverKey) });
      return null;
    },
    removeServer() {
      serverKey = null;
      storage?.removeItem(SERVER);
      storage?.removeItem(SERVER_KEY);
      setAlways(false);
      store.setState({ server: null, maskedServerKey: null });
    },
    askAgain: () => setAlways(false),
    answer: (answer) => reply?.(answer),
    async run({ local, modelName, signal }, work) {
      if (store.getState().on) {
        // Access first: without it, which model is reachable doesn't matter.
        await probe();
        access();
        if (!isReached(modelName, store.getState())) throw unreachable(modelName);
        return work({ kind: 'hosted', engine: remote });
      }
      try {
        await work({ kind: 'local', engine: local });
        losses = 0;
      } catch (error) {
        if (!cannotRunHere(error) || !isReached(modelName, store.getState())) throw error;
        if (!(await mayBeSent(displayError(error).message, signal))) throw error;
        await work({ kind: 'hosted', engine: remote });
      }
    },
  };
}

/** Whether there is access to the hosted API: your own server or key, or the proxy of the page's server. */
export function hasAccess({
  maskedKey,
  hasProxy,
  server,
}: Pick<HostedState, 'maskedKey' | 'hasProxy' | 'server'>): boolean {
  return server !== null || maskedKey !== null || hasProxy;
}

/** No network; your own server may still be reachable. */
export function isCutOff({ online, server }: Pick<HostedState, 'online' | 'server'>): boolean {
  return !online && server === null;
}

/** Whether the hosted side can load a model by its name: your own server has names of its own, too. */
export function isReached(modelName: string, { server }: Pick<HostedState, 'server'>): boolean {
  return isPublic(modelName) || (server !== null && !modelName.startsWith('disk:'));
}

/** @returns null if it is not the URL of a server */
function serverUrl(typed: string): string | null {
  const text = typed.trim();
  const whole = /^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  if (text === '' || text.length > MAX_NAME_CHARACTERS || !URL.canParse(whole)) return null;
  const { protocol, origin, pathname, username, password } = new URL(whole);
  if (protocol !== 'http:' && protocol !== 'https:') return null;
  // A password in a URL would end up in logs and storage.
  if (username !== '' || password !== '') return null;
  return `${origin}${pathname}`.replace(/\/$/, '');
}

/** A fallback HTML page is not a proxy. */
async function isProxy(response: Response): Promise<boolean> {
  const answer: unknown = response.ok ? await response.json().catch(() => null) : null;
  return (
    typeof answer === 'object' &&
    answer !== null &&
    'endpoint' in answer &&
    answer.endpoint === 'fal-ai/inpaint'
  );
}

function unreachable(modelName: string): InputError {
  return new InputError(
    'model_name',
    `The hosted API can’t reach “${modelName}”, which exists only on this device. Use a Hugging Face id or a URL.`,
  );
}

/** Whether others can load the model by its name. */
function isPublic(modelName: string): boolean {
  if (modelName === STARTER || taskOf(modelName) === 'remove') return false;
  return /^https?:\/\//i.test(modelName) || /^[\w.-]+\/[\w.-]+(@.+)?$/.test(modelName);
}

function masked(key: string): string {
  return `••••${key.length >= 12 ? key.slice(-4) : ''}`;
}

/** The real browser. */
export function browserEnvironment(): HostedEnvironment {
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
