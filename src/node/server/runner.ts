/** What a queued request is run by: pictures are fetched, an engine paints, the result gets an address. */
import { randomBytes } from 'node:crypto';
import type { z } from 'zod';
import type { Engine, Progress } from '../../engine/engine';
import type { inpaintResultSchema, wireRequestSchema } from '../../engine/schema';
import { type LocalOptions, localOptionsSchema } from '../../engine/schema';
import type { FileStore } from './files';
import type { ReadPicture } from './pictures';
import type { RunCall } from './queue';

export type WireRequest = z.infer<typeof wireRequestSchema> & Pick<LocalOptions, 'leftToModel'>;

/** The fields that a body leaves out and that the model may fill in: after the check the defaults stand there. */
export function leftToModel(body: unknown): NonNullable<LocalOptions['leftToModel']> {
  const given = new Set(typeof body === 'object' && body !== null ? Object.keys(body) : []);
  const missing = (['num_inference_steps', 'guidance_scale'] as const).filter((field) => !given.has(field));
  // The API has no field for the scheduler.
  return [...missing, 'scheduler'];
}

/** The API's answer but for the picture's address, which depends on the name that a client calls the server by. */
export interface RunOutcome {
  fileId: string;
  answer: z.infer<typeof inpaintResultSchema>;
}

export interface RunnerParts {
  engine: Engine;
  readPicture: ReadPicture;
  files: FileStore;
}

/** A download reports so often in a run's log. */
const DOWNLOAD_LOG_MS = 2000;

/** @returns what runs a request: its picture is kept in `files` under an address that nobody can guess */
export function createRunner({ engine, readPicture, files }: RunnerParts) {
  return async ({ leftToModel, ...request }: WireRequest, { signal, log }: RunCall): Promise<RunOutcome> => {
    const [image_url, mask_url] = await Promise.all([
      readPicture('image_url', request.image_url, signal),
      readPicture('mask_url', request.mask_url, signal),
    ]);
    const { image, seed } = await engine.inpaint(
      { ...request, image_url, mask_url },
      localOptionsSchema.parse({ leftToModel }),
      { signal, onProgress: progressLog(log) },
    );
    try {
      const bytes = new Uint8Array(await (await fetch(image.url)).arrayBuffer());
      const file_name = `${randomBytes(9).toString('base64url').replace(/\W/g, '0')}.png`;
      const { id } = await files.put({ name: file_name, contentType: image.content_type, bytes });
      const { content_type, width, height } = image;
      return {
        fileId: id,
        answer: {
          image: { url: '', content_type, file_name, file_size: bytes.byteLength, width, height },
          seed,
        },
      };
    } finally {
      URL.revokeObjectURL(image.url);
    }
  };
}

/** Steps as tqdm writes them, which is what the hosted API's logs hold. */
function progressLog(log: (message: string) => void): (progress: Progress) => void {
  let lastDownload = Number.NEGATIVE_INFINITY;
  return (progress) => {
    switch (progress.stage) {
      case 'download':
      case 'merge': {
        if (performance.now() - lastDownload < DOWNLOAD_LOG_MS) return;
        lastDownload = performance.now();
        const { file, loadedBytes, totalBytes } = progress;
        log(`Reading ${file}: ${(loadedBytes / 1e6).toFixed(1)} of ${(totalBytes / 1e6).toFixed(1)} MB`);
        return;
      }
      case 'compile':
        return log(`Preparing ${progress.component}`);
      case 'encode':
        return log('Encoding picture and prompt');
      case 'denoise': {
        const { step, steps } = progress;
        return log(`${String(Math.round((100 * step) / steps)).padStart(3)}%| ${step}/${steps}`);
      }
      case 'decode':
        return log('Decoding the picture');
      case 'queue':
      case 'upload':
      case 'log':
        return;
      default:
        throw new TypeError(`unknown stage ${progress satisfies never}`);
    }
  };
}
