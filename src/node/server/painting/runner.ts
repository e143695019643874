/** What a queued request is run by: pictures are fetched, an engine paints, the result gets an address. */
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
  /** How long a run may take, downloads not counted, in milliseconds. */
  maxRunMs: number;
}

/** A download reports so often in a run's log. */
const DOWNLOAD_LOG_MS = 2000;

/** @returns what runs a request: its picture is kept in `files` under an address that nobody can guess */
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
    "server's limit (--max-run): ask for fewer steps, a smaller picture or a smaller model";
  // So marked, clients do not send it again by themselves: it would take as long.
  const headers = { 'X-Fal-Request-Timeout-Type': 'user' };
  return new Problem(504, message, { type: 'request_timeout', headers });
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
