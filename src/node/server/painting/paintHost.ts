/** The pipeline under Node behind the interface of the page's worker: requests in, pictures out. */
import { availableParallelism } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import type { Call } from '../../../contract/engine';
import { InputError } from '../../../contract/errors';
import type { FinishedPicture } from '../../../contract/protocol';
import { type ImageSource, type InpaintRequest, type LocalOptions, STARTER } from '../../../contract/schema';
import { createOpenedModel } from '../../../host/modelSlot';
import type { Host } from '../../../host/serve';
import { convertColours } from '../../../image/colourSpace';
import { engineMaskNote } from '../../../image/mask/maskWords';
import { checkSameSize, type Pixels, type Size } from '../../../image/pixels';
import { type CheckpointFiles, heeding } from '../../../model/files';
import { lazy } from '../../../model/lazy';
import { type LoadCall, loadModel } from '../../../model/load';
import type { MemoryGuard } from '../../../model/memoryGuard';
import type { RunSize } from '../../../model/memoryNeeds';
import { clipVocabulary, openModel } from '../../../model/openModel';
import type { Runtime } from '../../../model/runtime/session';
import type { Model } from '../../../pipeline/model';
import { type OpenModel, runRequest } from '../../../pipeline/runRequest';
import { starterFolder } from '../../cli/cliModelFiles';
import { folderFiles } from '../../folder';
import { encodePng, type MeasuredPicture, measureImage } from '../../images';
import { createNodeGuard } from '../../memoryGuard';
import { createNodeRuntime } from '../../ort';
import { diskWeightStore } from '../../weightStore';

export interface PaintOptions {
  /** CPU threads; all cores when left out. */
  threads?: number;
  /** Models that lie in folders of this machine, by the name that requests use; no other path is ever opened. */
  folders: Readonly<Record<string, string>>;
  hubUrl: string;
  hubToken?: string;
}

interface Machine {
  runtime: Runtime;
  guard: MemoryGuard;
}

/** A larger picture is refused: the whole of it goes through the model. */
const MAX_SIDE = 2048;

/** Opens ONNX Runtime and a model at the first run that names it, and keeps both. */
export function createPaintHost(options: PaintOptions): Host {
  const { threads = availableParallelism(), folders, hubUrl, hubToken } = options;
  const machine = lazy(async () => {
    const runtime = await createNodeRuntime(threads);
    return { runtime, guard: createNodeGuard(runtime) };
  });
  /** Of the run at hand, as far as it is known before its model is open. */
  let currentRun: RunSize | undefined;
  const opened = createOpenedModel<string, { model: Model; files: CheckpointFiles }>({
    keyOf: (name) => name,
    async open(name, call) {
      const live = await machine.get();
      const files = heeding(await filesOf(name, live, call), call);
      return { model: breathing(await loadModel(files, live.runtime, call)), files };
    },
  });

  async function filesOf(
    name: string,
    { runtime, guard }: Machine,
    call: LoadCall,
  ): Promise<CheckpointFiles> {
    const folder =
      name === STARTER ? starterFolder : Object.hasOwn(folders, name) ? folders[name] : undefined;
    if (folder !== undefined) return { ...folderFiles(folder), name };
    return openModel(name, runtime.target.precision, {
      store: diskWeightStore(),
      hubUrl,
      token: hubToken,
      signal: call.signal,
      admit: (files) => guard.admit(files, currentRun),
      onProgress(progress) {
        if (progress.stage !== 'wait') call.onProgress(progress);
      },
      tokenizer: () => clipVocabulary(folderFiles(starterFolder), call.signal),
    });
  }

  return {
    isDead: () => false,
    inpaint(request: InpaintRequest, local: LocalOptions, call: Call): Promise<FinishedPicture> {
      return opened.during(call, async () => {
        // Both are measured before either takes memory.
        const measured = await measure('image_url', request.image_url);
        checkSides(measured);
        const measuredMask = await measure('mask_url', request.mask_url);
        checkSameSize(measured, measuredMask);
        const image = await decode(measured);
        const mask = await decode(measuredMask);
        const note = engineMaskNote({ ...mask, data: new Uint8ClampedArray(mask.data) });
        if (note !== null) call.onProgress({ stage: 'log', message: `mask_url: ${note}` });
        const open = async (asked: Size): Promise<OpenModel> => {
          currentRun = asked;
          const { model, files, cache } = await opened.get(request.model_name);
          const { guard } = await machine.get();
          return { model, cache, admit: (run) => guard.admit(files, run) };
        };
        const { pixels, seed, timings } = await runRequest(request, local, { image, mask }, open, {
          signal: call.signal,
          // Previews would cross two borders to be thrown away.
          onProgress: (progress) =>
            call.onProgress(
              progress.stage === 'denoise'
                ? { stage: 'denoise', step: progress.step, steps: progress.steps }
                : progress,
            ),
        });
        const png = new Blob([new Uint8Array(await encodePng(pixels))], { type: 'image/png' });
        return { png, width: pixels.width, height: pixels.height, seed, timings };
      });
    },
  };
}

/**
 * The same model, with a turn of the event loop before each evaluation. WASM blocks the thread and resolves at once: without
 * it a run is one chain of microtasks, during which no message arrives, that of its cancellation least of all.
 */
function breathing(model: Model): Model {
  return {
    ...model,
    async denoiser() {
      const denoiser = await model.denoiser();
      return {
        ...denoiser,
        async predict(...parameters) {
          await setImmediate();
          return denoiser.predict(...parameters);
        },
      };
    },
  };
}

async function measure(field: string, source: ImageSource): Promise<MeasuredPicture> {
  if (!(source instanceof Blob)) throw new TypeError(`${field}: this host takes files alone`);
  return measureImage(field, new Uint8Array(await source.arrayBuffer()), 'the file');
}

/** In sRGB, as models take pictures. */
async function decode(measured: MeasuredPicture): Promise<Pixels> {
  const { data, width, height, colourSpace } = await measured.decode();
  return convertColours({ data, width, height }, colourSpace, 'srgb');
}

function checkSides({ width, height }: Size): void {
  const smallest = Math.min(width, height);
  if (smallest >= 64 && Math.max(width, height) <= MAX_SIDE) return;
  throw new InputError(
    'image_url',
    `image_url: the picture is ${width} × ${height} pixels; sides from 64 to ${MAX_SIDE} can be painted: ` +
      'send the part around the mask',
  );
}
