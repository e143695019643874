/**
 * The hosted API beside this machine's engine: which of the two paints, by whose key, and the person's consent before
 * anything is sent.
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
import { complaintOf } from '../errorDisplay';
import { STARTER } from '../models/modelCatalogue';

export interface HostedState {
  /** The switch: runs go to the hosted API. */
  on: boolean;
  /** How the key is shown; the key itself stands in no store. Null: there is none. */
  maskedKey: string | null;
  /** The key is kept in this browser's storage, as the person asked. */
  remembered: boolean;
  /** The page's own server holds a key. */
  hasProxy: boolean;
  /** The person's own server, which runs go to in place of fal.ai; kept in this browser. */
  server: string | null;
  /** How the server's key is shown; null where it was given none. */
  maskedServerKey: string | null;
  online: boolean;
  /** Runs that cannot be made here go to the hosted API without asking; kept until it is taken back. */
  always: boolean;
  /** A run cannot be made here, for a reason as `complaintOf` words it: may it be sent? */
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
   * @param key empty where it asks for none
   * @param remember also keep the key in this browser's storage
   * @returns what is wrong with the address, or null
   */
  setServer(url: string, key: string, remember: boolean): string | null;
  /** Back to fal.ai. */
  removeServer(): void;
  /** Takes the consent of `always` back. */
  askAgain(): void;
  answer(answer: Answer): void;
  /**
   * Runs `work` where the switch says, and, where this machine cannot make it and the person agrees, once more with the
   * hosted API. Nothing is sent otherwise.
   * @throws InputError (`model_name`) where the switch is on and no one else can reach the model; whatever `work` throws
   */
  run(call: HostedCall, work: (target: RunTarget) => Promise<void>): Promise<void>;
}

/** Who makes a run. */
export interface RunTarget {
  kind: Painter;
  engine: Engine;
}

export interface HostedCall {
  /** This machine's engine. */
  local: Engine;
  modelName: string;
  /** Aborting answers the question with a no. */
  signal: AbortSignal;
}

/** What of the browser it needs; tests pass another. */
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
/** So often in a row a device may be lost before a run is offered to others. */
const LOSSES = 2;

/** @param connect makes the engine of the hosted API, which asks for access at each run */
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
  /** Asks the page's own server until it has answered once: only one with a key answers so. */
  function probe(): Promise<void> {
    probing ??= environment
      .fetch(proxyUrl)
      .then(isProxy, () => {
        // Out of reach: that says nothing of what it is.
        probing = undefined;
        return false;
      })
      .then((hasProxy) => store.setState({ hasProxy }));
    return probing;
  }

  /** @throws InputError (`fal_key`) where there is neither key nor proxy */
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

  /** What another machine would not fail at. */
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
        // Without a way there, which model could be reached is no question yet.
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
        if (!(await mayBeSent(complaintOf(error).message, signal))) throw error;
        await work({ kind: 'hosted', engine: remote });
      }
    },
  };
}

/** Whether there is a way to the hosted API: a server or a key of one's own, or the proxy of the page's server. */
export function hasAccess({
  maskedKey,
  hasProxy,
  server,
}: Pick<HostedState, 'maskedKey' | 'hasProxy' | 'server'>): boolean {
  return server !== null || maskedKey !== null || hasProxy;
}

/** No network: only a server of one's own may be on this side of it. */
export function isCutOff({ online, server }: Pick<HostedState, 'online' | 'server'>): boolean {
  return !online && server === null;
}

/** Whether the place that runs are sent to gets a model by its name: a server of one's own has names of its own, too. */
export function isReached(modelName: string, { server }: Pick<HostedState, 'server'>): boolean {
  return isPublic(modelName) || (server !== null && !modelName.startsWith('disk:'));
}

/** @returns null where it is no address of a server */
function serverUrl(typed: string): string | null {
  const text = typed.trim();
  const whole = /^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  if (text === '' || text.length > MAX_NAME_CHARACTERS || !URL.canParse(whole)) return null;
  const { protocol, origin, pathname, username, password } = new URL(whole);
  if (protocol !== 'http:' && protocol !== 'https:') return null;
  // A password in an address would stand in logs and storage.
  if (username !== '' || password !== '') return null;
  return `${origin}${pathname}`.replace(/\/$/, '');
}

/** A page for unknown paths is none. */
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
