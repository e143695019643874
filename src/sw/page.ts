/** The page's side of the service worker: registers it, notices new versions, and reloads for threads if the host sets no headers. */
import { cpuThreads } from '../contract/cpuThreads';
import type { EngineStatus, LocalEngine } from '../contract/engine';
import type { OfflineActions, OfflineState } from '../contract/offline';
import type { LargeGroup, ToServiceWorker } from './ownFiles';
import { threadsStep } from './threads';

const TRIED = 'inlay-reloaded-for-threads';
const CHECK_EVERY_MS = 3_600_000;
/** By then the engine has loaded what it needs, so storing it reads the browser's own cache. */
const KEEP_AFTER_MS = 8_000;
const ANSWER_WITHIN_MS = 5_000;

/** Whether this page has a service worker; the development server's files change as they are edited and are not stored. */
export function hasServiceWorker(): boolean {
  return import.meta.env.PROD && 'serviceWorker' in navigator;
}

/** @param engine whose status says whether threads are wanted, and which large files this device uses */
export function startOffline(
  engine: Pick<LocalEngine, 'onStatus'>,
  report: (change: Partial<OfflineState>) => void,
): OfflineActions {
  const touched = watchTouches();
  const status = new Promise<EngineStatus>((resolve) => engine.onStatus(resolve));
  const registered = loaded().then(() =>
    navigator.serviceWorker.register(new URL('sw.js', document.baseURI), { updateViaCache: 'none' }),
  );

  const start = async () => {
    const registration = await registered;
    watchForUpdates(registration, () => report({ update: 'ready' }));
    warnIfRefused(registration);
    const { active } = await navigator.serviceWorker.ready;
    if (active === null) return;
    if (navigator.serviceWorker.controller === null && !(await ask(active, claim()))) {
      // The host has published a newer version since this page was loaded.
      report({ update: 'ready' });
      return;
    }
    const { provider } = await status;
    const cores = cpuThreads(navigator);
    const tried = sessionStorage.getItem(TRIED) !== null;
    if (crossOriginIsolated) sessionStorage.removeItem(TRIED);
    // A frame is as isolated as the page around it.
    const step =
      window.top === window
        ? threadsStep({ isolated: crossOriginIsolated, provider, cores, touched: touched(), tried })
        : 'nothing';
    if (step === 'reload') {
      sessionStorage.setItem(TRIED, 'yes');
      location.reload();
      return;
    }
    if (step === 'offer') report({ coresAfterReload: cores });
    await wait(KEEP_AFTER_MS);
    await keep(provider);
    if (matchMedia('(display-mode: standalone)').matches) await keep('starter');
  };
  start().catch((error: unknown) => console.warn('The page can’t be stored for offline use:', error));

  const keep = async (group: LargeGroup) => {
    const { active } = await navigator.serviceWorker.ready;
    active?.postMessage({ type: 'keep', group } satisfies ToServiceWorker);
  };

  return {
    async reload() {
      const waiting = (await registered).waiting;
      if (waiting === null) {
        location.reload();
        return;
      }
      waiting.addEventListener('statechange', () => {
        if (waiting.state === 'activated') location.reload();
      });
      report({ update: 'switching', otherTabs: false });
      const willSwitch = await ask(waiting, { type: 'switch' });
      if (!willSwitch) report({ update: 'ready', otherTabs: true });
    },
    keepStarter: () => void keep('starter'),
  };
}

/** A new version may be waiting since an earlier visit, arrive now, or while the tab stays open for days. */
function watchForUpdates(registration: ServiceWorkerRegistration, onReady: () => void): void {
  const look = () => {
    if (registration.waiting !== null && registration.active !== null) onReady();
  };
  registration.addEventListener('updatefound', () =>
    registration.installing?.addEventListener('statechange', look),
  );
  look();
  let checked = Date.now();
  document.addEventListener('visibilitychange', () => {
    if (document.hidden || Date.now() - checked < CHECK_EVERY_MS) return;
    checked = Date.now();
    // Without a network there is nothing new.
    registration.update().catch(() => {});
  });
}

/** A first version that can't be installed is never `ready`: one of its files is missing or isn't from the build. */
function warnIfRefused({ installing, active }: ServiceWorkerRegistration): void {
  installing?.addEventListener('statechange', () => {
    if (installing.state !== 'redundant' || active !== null) return;
    console.warn(
      'The page can’t be stored for offline use: a file on the host is missing or isn’t from this build. Publish the folder again.',
    );
  });
}

function claim(): ToServiceWorker {
  const build = document.querySelector<HTMLMetaElement>('meta[name="inlay-build"]')?.content ?? '';
  return { type: 'claim', build };
}

/** @returns its answer; `false` if there isn't one in time */
function ask(worker: ServiceWorker, message: ToServiceWorker): Promise<boolean> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    const timer = setTimeout(() => resolve(false), ANSWER_WITHIN_MS);
    port1.onmessage = ({ data }: MessageEvent<boolean>) => {
      clearTimeout(timer);
      port1.close();
      resolve(data);
    };
    worker.postMessage(message, [port2]);
  });
}

/** @returns whether the user has clicked, typed, dropped or pasted anything so far */
function watchTouches(): () => boolean {
  const watching = new AbortController();
  for (const type of ['pointerdown', 'keydown', 'drop', 'paste']) {
    window.addEventListener(type, () => watching.abort(), { signal: watching.signal, capture: true });
  }
  return () => watching.signal.aborted;
}

function loaded(): Promise<void> {
  if (document.readyState === 'complete') return Promise.resolve();
  return new Promise((resolve) => window.addEventListener('load', () => resolve(), { once: true }));
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
