/**
 * The service worker: stores the page's own files, so that it opens without a network, and serves them with the page's
 * headers. It handles nothing else: models from the Hub never pass through it. A file is only stored if it has the digest
 * that the build lists; the page itself came with the service worker.
 *
 * A new version is installed beside the running one and waits until the user asks for it, or until no tab runs the old
 * one: until then every file comes from the version that the page began with.
 */
import { addPlugins, precacheAndRoute } from 'workbox-precaching';
import { createLargeFiles } from './largeFiles';
import { isOfGroup, type OwnFiles, type ToServiceWorker, withHeaders } from './ownFiles';

declare const __OWN_FILES__: OwnFiles;

const PAGE = 'index.html';
const worker = self as unknown as ServiceWorkerGlobalScope;
const { build, headers, page, shell, large } = __OWN_FILES__;
const pages = [new URL(PAGE, worker.registration.scope), new URL('./', worker.registration.scope)];

addPlugins([
  {
    fetchDidSucceed: async ({ response }) => (response.ok ? withHeaders(response, headers) : response),
    cacheWillUpdate: async ({ response }) => (response.status === 200 ? response : null),
  },
]);
// Before the list of files: the first that answers counts.
worker.addEventListener('fetch', (event) => {
  if (event.request.method === 'GET' && isPage(event.request.url)) event.respondWith(thePage());
});
precacheAndRoute(
  shell.map(({ path, sha256, hashed }) => ({
    url: path,
    revision: hashed ? null : sha256,
    integrity: `sha256-${sha256}`,
  })),
  { cleanURLs: false, ignoreURLParametersMatching: [/^/] },
);

const largeFiles = createLargeFiles({
  files: large,
  base: worker.location.href,
  headers,
  // One origin may have several copies of the page.
  open: () => caches.open(`inlay-large-${worker.registration.scope}`),
  fetch: (url, init) => fetch(url, init),
});

worker.addEventListener('install', (event) => event.waitUntil(largeFiles.keepSuccessors()));
worker.addEventListener('activate', (event) => event.waitUntil(largeFiles.prune()));

worker.addEventListener('fetch', (event) => {
  if (event.request.method !== 'GET' || isPage(event.request.url)) return;
  const file = largeFiles.find(event.request.url);
  if (file === undefined) {
    // The folder's documentation is not listed: people open it, the page doesn't fetch it.
    if (event.request.mode !== 'navigate' && largeFiles.lacks(event.request.url)) {
      event.respondWith(new Response(null, { status: 404 }));
    }
    return;
  }
  event.respondWith(largeFiles.answer(file, event.request.signal, (promise) => event.waitUntil(promise)));
});

worker.addEventListener('message', (event) => {
  const answer = act(event.data as ToServiceWorker);
  event.waitUntil(answer.then((value) => event.ports[0]?.postMessage(value)));
});

async function act(message: ToServiceWorker): Promise<boolean> {
  switch (message.type) {
    case 'claim':
      if (message.build !== build) return false;
      await worker.clients.claim();
      return true;
    case 'keep':
      try {
        await largeFiles.keep(({ path }) => isOfGroup(path, message.group, 'Suspending' in WebAssembly));
        return true;
      } catch (error) {
        console.warn('Not everything could be kept for a time without a network:', error);
        return false;
      }
    case 'switch':
      if ((await openPages()) > 1) return false;
      // Not awaited: the page hears of it from the new version's state.
      void worker.skipWaiting();
      return true;
    default:
      throw new TypeError(`unknown message ${message satisfies never}`);
  }
}

/** Tabs that show this page. The origin may have other pages too. */
async function openPages(): Promise<number> {
  const windows = await worker.clients.matchAll({ type: 'window', includeUncontrolled: true });
  return windows.filter(({ url }) => isPage(url)).length;
}

function isPage(address: string): boolean {
  const { origin, pathname } = new URL(address);
  return pages.some((page) => page.origin === origin && page.pathname === pathname);
}

function thePage(): Response {
  return withHeaders(
    new Response(page, { headers: { 'Content-Type': 'text/html; charset=utf-8' } }),
    headers,
  );
}
