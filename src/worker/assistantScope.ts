/** Connects the assistant to the page's messages. */
import { createAssistantCore, type Report } from '../assist/assistant';
import type { AssistImage } from '../assist/cutMask';
import { openClipSeg } from '../assist/hub/clipSeg';
import { openSamModel } from '../assist/hub/samModel';
import { builtInSegmenter, type SegmenterModel } from '../assist/registry';
import {
  type AssistRequest,
  type AssistValues,
  type FromAssistant,
  readToAssistant,
} from '../contract/assist';
import { askBounded, boundedBody } from '../contract/boundedRead';
import {
  CheckpointError,
  encodeError,
  InputError,
  InternalError,
  messageOf,
  NetworkError,
} from '../contract/errors';
import { logIgnored } from '../contract/protocol';
import { NAME_SELECTOR } from '../contract/selectors';
import { holdLifeLock } from '../contract/workerLock';
import { loadBrowserOrt } from '../model/runtime/ortBrowser';
import type { OrtModule } from '../model/runtime/session';
import { knownSelector, openSelector, type SelectorFiles } from '../model/selectors/open';
import { assistantFiles } from '../storage/assistants';
import { weightStoreHere } from '../storage/weightsOpfs';

/** After one failure transformers.js makes no more sessions: its calls are chained. A new worker is needed. */
let isSpent = false;

export function serveAssistant(): void {
  const scope = self as unknown as DedicatedWorkerGlobalScope;
  const post = (message: FromAssistant, transfer: Transferable[] = []) =>
    scope.postMessage(message, transfer);
  let baseUrl = '';
  let image: { number: number; file: Blob; opened?: Promise<AssistImage> } | undefined;
  const running = new Map<number, AbortController>();
  let selector: string | undefined;
  const core = createAssistantCore({
    openSegmenter: (report) =>
      selector === undefined
        ? openSegmenter(builtInSegmenter, baseUrl, report)
        : openOfHub(selector, report, openSamModel),
    openNamer: (report) => openOfHub(NAME_SELECTOR, report, openClipSeg),
  });

  async function imageOf(number: number): Promise<AssistImage> {
    if (image?.number !== number)
      throw new InternalError('the assistant was asked about an image that it was not sent');
    image.opened ??= openImage(image.file);
    return image.opened;
  }

  async function answer(
    request: AssistRequest,
    report: Report,
  ): Promise<AssistValues[AssistRequest['method']]> {
    const opened = await imageOf(request.image);
    switch (request.method) {
      case 'prepare':
        return core.prepare(opened, request.view, report);
      case 'select':
        return core.select(opened, request.selection, report);
      case 'outline':
        return core.outline(opened, request.prompt, report);
      case 'find':
        return core.find(opened, request.naming, report);
      default:
        throw new TypeError(`unknown request ${request satisfies never}`);
    }
  }

  async function run(id: number, request: AssistRequest): Promise<void> {
    const controller = new AbortController();
    running.set(id, controller);
    let answering = performance.now();
    try {
      const value = await answer(request, (progress) => {
        controller.signal.throwIfAborted();
        if (progress.stage === 'answer') answering = performance.now();
        post({ type: 'progress', id, progress });
      });
      controller.signal.throwIfAborted();
      const isMask = typeof value === 'object' && value !== null;
      const answerMs = performance.now() - answering;
      post({ type: 'result', id, value, answerMs }, isMask ? [value.data.buffer] : []);
    } catch (error) {
      post({ type: 'error', id, error: encodeError(error) });
      if (isSpent) scope.close();
    } finally {
      running.delete(id);
    }
  }

  holdLifeLock((lock) => post({ type: 'alive', lock }));
  scope.onmessage = ({ data }: MessageEvent<unknown>) => {
    const message = readToAssistant(data);
    switch (message?.type) {
      case undefined:
        logIgnored('page', data);
        return;
      case 'init':
        baseUrl = message.baseUrl;
        selector = message.selector;
        return;
      case 'image':
        image = { number: message.image, file: message.file };
        return;
      case 'cancel':
        running.get(message.id)?.abort();
        return;
      case 'call':
        void run(message.id, message.request);
        return;
      default:
        throw new TypeError(`unknown message ${message satisfies never}`);
    }
  };
}

/**
 * A model of the Hub, from the store alone: the page downloads it before it is chosen.
 * @throws CheckpointError if it is not there any more
 */
async function openOfHub<Model>(
  id: string,
  report: Report,
  open: (files: SelectorFiles, ort: OrtModule) => Promise<Model>,
): Promise<Model> {
  report({ stage: 'open' });
  const files = await openSelector(id, { store: weightStoreHere() });
  if (files === undefined) {
    const { title } = knownSelector(id);
    throw new CheckpointError(`${title} is not on this device any more; choose it again to download it`);
  }
  const ort = await loadBrowserOrt('wasm');
  return open(files, ort).catch((error: unknown) => {
    isSpent = true;
    throw error;
  });
}

/** Opens a model from the files kept on this device; fetches and keeps what is missing. */
async function openSegmenter(model: SegmenterModel, baseUrl: string, report: Report) {
  const { id, title, does, location, licence } = model;
  const kept = assistantFiles(weightStoreHere(), { id, title, does, location, licence });
  const totalBytes = Object.values(model.files).reduce((sum, { bytes }) => sum + bytes, 0);
  let before = 0;
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const [name, { bytes: size }] of Object.entries(model.files)) {
    const stored = await kept.read(name).catch(() => undefined);
    if (stored?.size === size) files.set(name, new Uint8Array(await stored.arrayBuffer()));
    else {
      report({ stage: 'download', loadedBytes: before, totalBytes });
      const fetched = await fetchFile(new URL(`models/select/${name}`, baseUrl).href, size, (loaded) =>
        report({ stage: 'download', loadedBytes: before + loaded, totalBytes }),
      );
      files.set(name, fetched);
      // Without room for it, it is fetched again next time.
      await kept
        .write(name, new Blob([fetched]), { signal: new AbortController().signal, size })
        .catch((error: unknown) => console.warn(`${name} is not kept: ${messageOf(error)}`));
    }
    before += size;
  }
  report({ stage: 'open' });
  const ort = await loadBrowserOrt('wasm');
  return model.open(ort, async (name) => {
    const bytes = files.get(name);
    files.delete(name);
    if (bytes === undefined) throw new InternalError(`${model.id} has no file ${name}`);
    return bytes;
  });
}

async function fetchFile(
  url: string,
  size: number,
  onProgress: (loadedBytes: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const what = 'The model for selecting objects';
  const response = await askBounded(url, { what });
  if (!response.ok) {
    void response.body?.cancel().catch(() => {});
    throw new NetworkError(
      `${what} could not be fetched (the server answered ${response.status}); try again later`,
    );
  }
  const bytes = await boundedBody(response, { maxBytes: size, what, onProgress });
  // Some hosts answer with a page where a file is missing.
  if (bytes.byteLength !== size)
    throw new NetworkError(`${what} is not there as it should be; publish the whole folder again`);
  return bytes;
}

/** Held decoded as long as it is asked about: clicks read the parts that they need. */
async function openImage(file: Blob): Promise<AssistImage> {
  const options: ImageBitmapOptions = { imageOrientation: 'from-image' };
  const bitmap = await createImageBitmap(file, options).catch(() => {
    throw new InputError('image_url', 'this browser can’t read the image again; open it once more');
  });
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  if (context === null)
    throw new InputError('image_url', 'the image is too large for this browser; scale it down');
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return { width, height, read: (rect) => context.getImageData(rect.x, rect.y, rect.width, rect.height) };
}
