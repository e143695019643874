/** What the platforms of the command line and the server have in common. */
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { HubAccess } from '../contract/modelLibrary';
import { STARTER } from '../contract/schema';
import type { OwnModel, Platform } from '../host/platform';
import { convertColours } from '../image/colourSpace';
import { folderFiles, localSource } from './folder';
import { encodePng, measureImage } from './images';
import { createNodeGuard } from './memoryGuard';
import { createNodeRuntime } from './ort';
import { diskWeightStore } from './weightStore';

/** The model that comes with Inlay. */
export const starterFolder = fileURLToPath(new URL('../../public/models/starter/', import.meta.url));

export interface NodeOptions {
  /** CPU threads; all cores if absent. */
  threads?: number | undefined;
  hub: HubAccess;
}

/** ONNX Runtime's WASM build, models in the cache folder, images through sharp. */
export function nodePlatform({ threads, hub }: NodeOptions): Platform {
  return {
    async openRuntime() {
      const runtime = await createNodeRuntime(threads);
      return { runtime, guard: createNodeGuard(runtime) };
    },
    store: diskWeightStore(),
    hub,
    starter: ownFolder(STARTER, starterFolder),
    async measure(field, source) {
      if (!(source instanceof Blob)) throw new TypeError(`${field}: this host takes only files`);
      const bytes = new Uint8Array(await source.arrayBuffer());
      const measured = await measureImage(field, bytes, 'the file');
      const { width, height } = measured;
      return {
        width,
        height,
        async decode() {
          const picture = await measured.decode();
          return convertColours(picture, picture.colourSpace, 'srgb');
        },
      };
    },
    encode: async (pixels) => new Blob([new Uint8Array(await encodePng(pixels))], { type: 'image/png' }),
    turn: () => setImmediate(),
    // WASM blocks the thread and resolves at once. Without a turn of the event loop, a run is one chain of microtasks in
    // which no message arrives, not even the one that cancels it.
    yieldBetweenSteps: () => setImmediate(),
  };
}

/** A model in a local folder, by the name that runs call it. */
export function ownFolder(name: string, folder: string): OwnModel {
  return {
    files: { ...folderFiles(folder), name },
    source: async () => ({ ...(await localSource(folder)), name }),
  };
}
