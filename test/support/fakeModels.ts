/** A library of models in memory, whose downloads end when a test says so, and the page's store over it. */

import { InputError } from '../../src/contract/errors';
import type {
  FetchCall,
  Fit,
  HubAccess,
  KeptModel,
  ModelDetails,
  ModelLibrary,
} from '../../src/contract/modelLibrary';
import { createModelLibraryStore } from '../../src/state/models/modelLibrary';

export const NAME = 'owner/model';
export const kept: KeptModel = {
  folder: 'f',
  name: NAME,
  location: NAME,
  precision: 'fp32',
  storedBytes: 5,
  isBusy: false,
  facts: { family: 'sd2', isInpainting: false, nativeSize: 768 },
};

/** A library in memory whose downloads end when the test says so. */
export class FakeLibrary implements ModelLibrary {
  models: KeptModel[] = [];
  hubs: HubAccess[] = [];
  looked: string[] = [];
  calls: { call: FetchCall; finish(): void; fail(error: Error): void }[] = [];
  answer: () => ModelDetails = () => this.details('fetchable');

  details(state: ModelDetails['state']): ModelDetails {
    return {
      name: NAME,
      location: NAME,
      precision: 'fp32',
      state,
      totalBytes: 1e9,
      notes: [],
      family: 'sd2',
      isInpainting: false,
      nativeSize: 768,
    };
  }
  async describe(name: string): Promise<ModelDetails> {
    this.looked.push(name);
    return this.models.length > 0 ? this.details('kept') : this.answer();
  }
  download(_name: string, call: FetchCall): Promise<void> {
    return new Promise((resolve, reject) => {
      call.signal.addEventListener('abort', () => reject(call.signal.reason));
      const finish = () => {
        this.models = [kept];
        resolve();
      };
      this.calls.push({ call, finish, fail: reject });
    });
  }
  offerFiles = async (title: string) => `disk:${title}`;
  assistants = async () => [];
  measureSpeed = async (): Promise<number | null> => 1e12;
  describeSelector = async (id: string) => ({ id, totalBytes: 41e6, isKept: false });
  async downloadSelector(name: string, call: FetchCall): Promise<void> {
    await this.download(name, call);
  }
  readEmbedding = async () => ({ token: '<toy>', vectors: 1, widths: [768] });
  list = async () => this.models;
  async remove(folder: string): Promise<void> {
    if (folder !== 'f') throw new InputError('model_name', 'in use');
    this.models = [];
  }
  setHub(hub: HubAccess): void {
    this.hubs.push(hub);
  }
  judge = async (name: string): Promise<Fit> => this.fit(name);
  fit: (name: string) => Fit = () => ({ verdict: 'fits' });
  storage = async () => ({ isPersistent: false });
  persist = async () => true;
  last() {
    const call = this.calls.at(-1);
    if (call === undefined) throw new Error('no download was asked for');
    return call;
  }
}

/** What a test begins with: `renew` before each. */
export const world = { library: new FakeLibrary(), written: [] as HubAccess[], nowMs: 0 };
export function renew(): void {
  Object.assign(world, { library: new FakeLibrary(), written: [], nowMs: 0 });
}

/** The store over the library, on a clock that stands still until a test sets it. @param hub as it was kept */
export function setUp(hub: HubAccess = {}) {
  const memory = { read: () => hub, write: (next: HubAccess) => void world.written.push(next) };
  const models = createModelLibraryStore(world.library, memory, () => world.nowMs);
  return { models, state: () => models.store.getState() };
}

export const settled = () => new Promise((resolve) => setTimeout(resolve, 0));
export const never = new AbortController().signal;
