/** The server's local engine: the page's worker client, with a child process in place of the worker. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { LocalEngine } from '../../../contract/engine';
import type { FromWorker } from '../../../contract/protocol';
import { createLocalEngine, type EngineWords, type EngineWorker } from '../../../engine/local';
import { decode, encode } from './ipcBlobs';
import { type MemoryReport, type PaintSetup, SETUP } from './paintSetup';

const root = fileURLToPath(new URL('../../../../', import.meta.url));

/** For the server's clients, who see neither a page nor a process. */
const words: EngineWords = {
  ended: (reason) =>
    `The painting process ended (${reason}), possibly because memory ran out. Send the request again; if it fails twice, ` +
    'use a smaller image or a smaller model',
  shutDown: 'The server is stopping; send the request again once it is back',
};

export interface PaintEngine extends LocalEngine {
  /** Memory that the process held when its last run ended; 0 before. */
  residentBytes(): number;
}

/** The process starts at once, and again after it ends by itself; `dispose` ends it. */
export function createPaintEngine(setup: PaintSetup): PaintEngine {
  let residentBytes = 0;
  const spawn = () =>
    startProcess(setup, (bytes) => {
      residentBytes = bytes;
    });
  const engine = createLocalEngine({ baseUrl: 'file:///', words, spawn });
  return { ...engine, residentBytes: () => residentBytes };
}

function startProcess(setup: PaintSetup, onMemory: (residentBytes: number) => void): EngineWorker {
  const child: ChildProcess = fork(
    fileURLToPath(new URL('./paintProcess.ts', import.meta.url)),
    // From the project's root, where Node finds tsx.
    {
      cwd: root,
      env: { ...process.env, [SETUP]: JSON.stringify(setup) },
      execArgv: ['--import', 'tsx'],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    },
  );
  let tail: Promise<unknown> = Promise.resolve();
  const worker: EngineWorker = {
    onmessage: null,
    onerror: null,
    postMessage(message) {
      // If the process is gone, its exit is reported.
      tail = tail
        .then(() => encode(message))
        .then((ready) => (child.connected ? child.send(ready) : undefined))
        .catch(() => {});
    },
    terminate() {
      child.removeAllListeners();
      child.on('error', () => {});
      child.kill('SIGKILL');
    },
  };
  child.on('message', (message: FromWorker | MemoryReport) => {
    if (message?.type === 'memory') onMemory(Number(message.residentBytes) || 0);
    else worker.onmessage?.({ data: decode(message) } as MessageEvent<FromWorker>);
  });
  child.on('error', (error) => fail(error.message));
  child.on('exit', (code, signal) => fail(signal ?? `exit code ${code}`));
  const fail = (message: string) => {
    child.removeAllListeners();
    child.on('error', () => {});
    worker.onerror?.({ message } as ErrorEvent);
  };
  return worker;
}
