/** The benchmark's page: a new worker for each stage, so that nothing is left over from the one before. */
import type { StageOrder, StageResult } from './worker';

declare global {
  interface Window {
    trueSize?: (order: StageOrder) => Promise<StageResult>;
  }
}

window.trueSize = (order) =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'true-size' });
    const end = () => worker.terminate();
    worker.onerror = (event) => {
      end();
      reject(new Error(event.message));
    };
    worker.onmessage = ({ data }: MessageEvent<StageResult | { error: string }>) => {
      end();
      if ('error' in data) reject(new Error(data.error));
      else resolve(data);
    };
    worker.postMessage(order);
  });
