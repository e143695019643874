/** A fake model library for the page around the test engine: it downloads nothing. Query: `models=kept`. */
import { InputError } from '../../src/contract/errors';
import type { KeptModel, ModelDetails, ModelFacts, ModelLibrary } from '../../src/contract/modelLibrary';

const sd15: ModelFacts = { family: 'sd1', isInpainting: true, nativeSize: 512 };
const sdxl: ModelFacts = { family: 'sdxl', isInpainting: true, nativeSize: 1024 };
const SD15 = 'stable-diffusion-v1-5/stable-diffusion-inpainting';
const XL = 'diffusers/stable-diffusion-xl-1.0-inpainting-0.1';
const XL_BYTES = 7_105_000_000;

export function createHarnessModels(query: URLSearchParams): ModelLibrary {
  const common = { precision: 'fp16', isBusy: false } as const;
  let kept: KeptModel[] =
    query.get('models') === 'kept'
      ? [
          { folder: 'a', name: SD15, location: SD15, facts: sd15, storedBytes: 2_133_000_000, ...common },
          {
            folder: 'b',
            name: XL,
            location: XL,
            storedBytes: 2_400_000_000,
            unfinished: { receivedBytes: 2_400_000_000, totalBytes: XL_BYTES },
            ...common,
          },
        ]
      : [];
  let isPersistent = false;
  let hasToken = false;
  return {
    async describe(name): Promise<ModelDetails> {
      if (name.includes('gated') && !hasToken) {
        const what = `${name} is gated: accept its terms on its Hugging Face page, then enter an access token from your account`;
        throw new InputError('hub_token', `model_name: ${what}`);
      }
      if (!name.includes('/') && name !== 'starter') {
        throw new InputError('model_name', `model_name: there is no model "${name}"`);
      }
      const facts = name === 'starter' ? { ...sd15, nativeSize: 256 } : name === XL ? sdxl : sd15;
      const isKept = kept.some((model) => model.name === name && model.facts !== undefined);
      const state = name === 'starter' ? 'embedded' : isKept ? 'kept' : 'fetchable';
      const totalBytes = name === XL ? XL_BYTES : 2_133_000_000;
      const licence = name === XL ? 'openrail++' : 'creativeml-openrail-m';
      return { ...facts, name, location: name, precision: 'fp16', state, totalBytes, licence, notes: [] };
    },
    download(name, { signal, onProgress }) {
      return new Promise((_resolve, reject) => {
        let loadedBytes = kept.find((model) => model.name === name)?.unfinished?.receivedBytes ?? 12_000_000;
        const timer = setInterval(() => {
          loadedBytes += 4_800_000;
          onProgress({ stage: 'download', file: 'unet/x', loadedBytes, totalBytes: XL_BYTES });
        }, 200);
        signal.addEventListener('abort', () => {
          clearInterval(timer);
          reject(signal.reason);
        });
      });
    },
    async judge(name) {
      if (name !== XL) return { verdict: 'fits' };
      const message = `model "${name}" is too large for this device: its unet needs 10.8 GB of memory`;
      return { verdict: 'tooLarge', neededBytes: 10.8e9, availableBytes: 3.9e9, message };
    },
    offerFiles: async (title) => `disk:${title}`,
    readEmbedding: async (source) => ({
      token: `<${typeof source === 'string' ? source.split('/').at(-1) : source.name}>`,
      vectors: 4,
      widths: [768],
    }),
    describeSelector: async (id) => ({ id, totalBytes: 41e6, isKept: false }),
    downloadSelector: async () => {},
    list: async () => kept,
    assistants: async () => [],
    measureSpeed: async () => 2e12,
    async remove(folder) {
      kept = kept.filter((model) => model.folder !== folder);
    },
    setHub({ token }) {
      hasToken = token !== undefined;
    },
    storage: async () => ({ usedBytes: 4_533_000_000, freeBytes: 91_000_000_000, isPersistent }),
    async persist() {
      isPersistent = true;
      return true;
    },
  };
}
