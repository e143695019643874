/** Watches the JavaScript heaps of a page and its workers from outside, through Chrome's DevTools protocol. */
import type { Page } from '@playwright/test';

export interface HeapPeak {
  /** Objects on the heap of a single thread, in bytes. */
  usedBytes: number;
  /** ArrayBuffers and the like, which are outside the heap, in bytes. */
  backingBytes: number;
  /** The largest sum of both over all threads at one time. */
  togetherBytes: number;
}

export interface HeapWatch {
  /** Resets the peaks. */
  restart(): void;
  peak(): HeapPeak;
  stop(): Promise<void>;
}

interface Usage {
  usedSize: number;
  backingStorageSize?: number;
}

const EVERY_MS = 100;

export async function watchHeaps(page: Page): Promise<HeapWatch> {
  const session = await page.context().newCDPSession(page);
  const workers = new Set<string>();
  const waiting = new Map<number, (usage: Usage | undefined) => void>();
  let nextId = 1;
  session.on('Target.attachedToTarget', ({ sessionId, targetInfo }) => {
    if (targetInfo.type === 'worker') workers.add(sessionId);
  });
  session.on('Target.detachedFromTarget', ({ sessionId }) => workers.delete(sessionId));
  session.on('Target.receivedMessageFromTarget', ({ message }) => {
    const { id, result } = JSON.parse(message) as { id?: number; result?: Usage };
    if (id === undefined) return;
    waiting.get(id)?.(result);
    waiting.delete(id);
  });
  // Playwright has no session for workers, so their messages travel inside the page's.
  await session.send('Target.setAutoAttach', {
    autoAttach: true,
    waitForDebuggerOnStart: false,
    flatten: false,
  });

  const ofWorker = (sessionId: string): Promise<Usage | undefined> =>
    new Promise((resolve) => {
      const id = nextId++;
      waiting.set(id, resolve);
      const message = JSON.stringify({ id, method: 'Runtime.getHeapUsage' });
      session.send('Target.sendMessageToTarget', { sessionId, message }).catch(() => resolve(undefined));
      // A worker that has ended no longer answers.
      setTimeout(() => resolve(undefined), 5000).unref();
    });

  let peak: HeapPeak = { usedBytes: 0, backingBytes: 0, togetherBytes: 0 };
  let running = true;
  const poll = async (): Promise<void> => {
    while (running) {
      const usages = await Promise.all([
        session.send('Runtime.getHeapUsage').catch(() => undefined) as Promise<Usage | undefined>,
        ...[...workers].map(ofWorker),
      ]);
      let together = 0;
      for (const usage of usages) {
        if (usage === undefined) continue;
        const { usedSize, backingStorageSize = 0 } = usage;
        peak.usedBytes = Math.max(peak.usedBytes, usedSize);
        peak.backingBytes = Math.max(peak.backingBytes, backingStorageSize);
        together += usedSize + backingStorageSize;
      }
      peak.togetherBytes = Math.max(peak.togetherBytes, together);
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
  };
  const polling = poll();
  return {
    restart() {
      peak = { usedBytes: 0, backingBytes: 0, togetherBytes: 0 };
    },
    peak: () => ({ ...peak }),
    async stop() {
      running = false;
      await polling;
      await session.detach().catch(() => {});
    },
  };
}
