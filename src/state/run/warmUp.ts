/**
 * While the person still looks, the engine does piece by piece what the first run of the starter model would wait for, never
 * beside a run, nor while objects are being selected: what the person asked for goes first. It stops for good once that model
 * runs, and when another one is wanted.
 */
import type { EngineStatus, LocalEngine } from '../../contract/engine';
import { STARTER } from '../../contract/schema';
import { isMetered, isSlow } from '../connection';
import type { ReadonlyStore } from '../settings/settingsStore';

/**
 * After this long without a key, a press or a move of the mouse the next piece may begin: whoever reaches for a button is
 * noticed before the press, and someone who paints rests more often than that.
 */
const QUIET_MS = 400;
/** Before the first piece: the page's own first pictures and files go first. */
const START_AFTER_MS = 1_000;
/** Devices with less memory, in GB, have none to spare for what may not be needed. */
const MIN_DEVICE_MEMORY = 2;

export interface WarmUpParts {
  engine: Pick<LocalEngine, 'warmUp' | 'coolDown' | 'onStatus'>;
  settings: ReadonlyStore<{ model_name: string }>;
  run: ReadonlyStore<{ running: boolean }>;
  /** What the model that selects objects is doing. */
  selecting: ReadonlyStore<{ phase: string }>;
  hosted: ReadonlyStore<{ on: boolean }>;
  surroundings: Surroundings;
}

/** What the page's surroundings say. */
export interface Surroundings {
  /** Resolves once the page is visible and the person has done nothing for a while. */
  quiet(): Promise<void>;
  /** Resolves with `true` once the model is here or may be fetched without being asked for; `false` if it may not be. */
  mayFetch(): Promise<boolean>;
}

/** Resolves when there is nothing left to do. Failures are left to the first run, which meets them again and says so. */
export async function warmUp({
  engine,
  settings,
  run,
  selecting,
  hosted,
  surroundings,
}: WarmUpParts): Promise<void> {
  const { provider } = await new Promise<EngineStatus>((resolve) => engine.onStatus(resolve));
  // On a GPU the first run waits for other things: its shaders depend on the size.
  if (provider !== 'wasm' || engine.warmUp === undefined) return;
  const isWanted = () => settings.getState().model_name === STARTER && !hosted.getState().on;
  let isWarm = false;
  settings.subscribe(() => {
    if (isWanted() || !isWarm) return;
    // Another model needs the memory.
    isWarm = false;
    void engine.coolDown?.().catch(() => {});
  });
  try {
    let more = await surroundings.mayFetch();
    while (more) {
      do await surroundings.quiet();
      while (await hadToWait(run, selecting));
      if (!isWanted()) break;
      isWarm = true;
      more = await engine.warmUp();
    }
  } catch (error) {
    console.debug('Inlay: the starter model could not be loaded beforehand:', error);
  }
}

/**
 * Waits until neither a run nor a selection is at work.
 * @returns whether one was: the person may have gone on since
 */
async function hadToWait(run: WarmUpParts['run'], selecting: WarmUpParts['selecting']): Promise<boolean> {
  const isRunning = await waited(run, ({ running }) => !running);
  return (await waited(selecting, ({ phase }) => phase !== 'working')) || isRunning;
}

async function waited<State>(
  store: ReadonlyStore<State>,
  isOver: (state: State) => boolean,
): Promise<boolean> {
  if (isOver(store.getState())) return false;
  await new Promise<void>((resolve) => {
    const stop = store.subscribe((state) => {
      if (!isOver(state)) return;
      stop();
      resolve();
    });
  });
  return true;
}

/** @param starterUrl of the starter model's folder; ends in a slash */
export function browserSurroundings(starterUrl: string): Surroundings {
  let lastInput = performance.now() + START_AFTER_MS - QUIET_MS;
  for (const type of ['pointermove', 'pointerdown', 'pointerup', 'keydown', 'wheel', 'drop', 'paste'])
    window.addEventListener(
      type,
      () => {
        lastInput = Math.max(lastInput, performance.now());
      },
      { capture: true, passive: true },
    );
  let isPressed = false;
  let touch = () => {};
  /** Whoever leaves without a press or a key has not been sent the model. */
  const touched = new Promise<void>((resolve) => {
    touch = resolve;
  });
  window.addEventListener('keydown', () => touch(), { capture: true, once: true });
  window.addEventListener(
    'pointerdown',
    () => {
      isPressed = true;
      touch();
    },
    { capture: true },
  );
  for (const type of ['pointerup', 'pointercancel'])
    window.addEventListener(
      type,
      () => {
        isPressed = false;
      },
      { capture: true },
    );
  return {
    async quiet() {
      while (document.hidden || isPressed || performance.now() - lastInput < QUIET_MS)
        await wait(QUIET_MS / 4);
      await new Promise<void>((resolve) => {
        // Safari has no idle callbacks.
        if ('requestIdleCallback' in window) requestIdleCallback(() => resolve(), { timeout: QUIET_MS });
        else setTimeout(resolve);
      });
    },
    async mayFetch() {
      const { deviceMemory } = navigator as { deviceMemory?: number };
      if (deviceMemory !== undefined && deviceMemory <= MIN_DEVICE_MEMORY) return false;
      if (await isStored(new URL('unet/diffusion_pytorch_model.safetensors', starterUrl).href)) return true;
      // Where the browser does not say how it is connected, a telephone counts as on mobile data.
      const mayCost = isMetered() ?? matchMedia('(pointer: coarse)').matches;
      if (mayCost || isSlow()) return false;
      await touched;
      return true;
    },
  };
}

/** Whether the service worker keeps it. */
async function isStored(url: string): Promise<boolean> {
  if (!('caches' in window)) return false;
  return (await caches.match(url, { ignoreSearch: true })) !== undefined;
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
