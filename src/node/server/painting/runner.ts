/** Runs a queued request: fetches the images, has an engine inpaint them and gives the result a URL. */
import { randomBytes } from 'node:crypto';
import type { z } from 'zod';
import type { Call, Engine, Progress } from '../../../contract/engine';
import type { inpaintResultSchema, wireRequestSchema } from '../../../contract/schema';
import { type LocalOptions, localOptionsSchema } from '../../../contract/schema';
import type { FileStore } from '../files';
import { Problem } from '../http/problem';
import type { ReadPicture } from '../pictures';
import type { RunCall } from '../queue';
import { createRunClock } from './runClock';

export type WireRequest = z.infer<typeof wireRequestSchema> & Pick<LocalOptions, 'leftToModel'>;

/** The fields that a body leaves to the model; noted before the check, which fills in defaults. */
export function leftToModel(body: unknown): NonNullable<LocalOptions['leftToModel']> {
  const given = new Set(typeof body === 'object' && body !== null ? Object.keys(body) : []);
  const missing = (['num_inference_steps', 'guidance_scale'] as const).filter((field) => !given.has(field));
  // The API has no field for the scheduler.
  return [...missing, 'scheduler'];
}

/** The API's answer without the image's URL, which depends on the host name that the client used. */
export interface RunOutcome {
  fileId: string;
  answer: z.infer<typeof inpaintResultSchema>;
}

export interface RunnerParts {
  engine: Engine;
  readPicture: ReadPicture;
  files: FileStore;
  /** How long a run may take, downloads not counted, in milliseconds. */
  maxRunMs: number;
}

/** How often a download reports in a run's log. */
const DOWNLOAD_LOG_MS = 2000;

/** @returns a function that runs a request and stores its image in `files`, under a URL that nobody can guess */
export function createRunner({ engine, readPicture, files, maxRunMs }: RunnerParts) {
  return async (request: WireRequest, { signal, log }: RunCall): Promise<RunOutcome> => {
    const clock = createRunClock(maxRunMs);
    const logged = progressLog(log);
    const call: Call = {
      signal: AbortSignal.any([signal, clock.signal]),
      onProgress(progress) {
        // Waiting for another process's download is part of the download.
        if (progress.stage !== 'queue') clock.note(progress.stage);
        logged(progress);
      },
    };
    try {
      return await paint(request, call);
    } catch (error) {
      if (!signal.aborted && clock.signal.aborted) throw tooLong(maxRunMs);
      throw error;
    } finally {
      clock.stop();
    }
  };

  async function paint({ leftToModel, ...request }: WireRequest, call: Call): Promise<RunOutcome> {
    const [image_url, mask_url] = await Promise.all([
      readPicture('image_url', request.image_url, call.signal),
      readPicture('mask_url', request.mask_url, call.signal),
    ]);
    const { image, seed } = await engine.inpaint(
      { ...request, image_url, mask_url },
      localOptionsSchema.parse({ leftToModel }),
      call,
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
  }
}

function tooLong(maxRunMs: number): Problem {
  const minutes = Math.round(maxRunMs / 6000) / 10;
  const message =
    `The run took longer than ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}, downloads not counted, which is this ` +
    "server's limit (--max-run). Use fewer steps, a smaller image or a smaller model";
  // Tells clients not to retry by themselves: it would take as long again.
  const headers = { 'X-Fal-Request-Timeout-Type': 'user' };
  return new Problem(504, message, { type: 'request_timeout', headers });
}

/** Steps in tqdm's form, as in the hosted API's logs. */
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
        return log('Encoding image and prompt');
      case 'denoise': {
        const { step, steps } = progress;
        return log(`${String(Math.round((100 * step) / steps)).padStart(3)}%| ${step}/${steps}`);
      }
      case 'decode':
        return log('Decoding the image');
      case 'remove':
        return log(`Removing: ${Math.round(100 * progress.fraction)}%`);
      case 'log':
        return log(progress.message);
      case 'queue':
      case 'upload':
        return;
      default:
        throw new TypeError(`unknown stage ${progress satisfies never}`);
    }
  };
}
