/** Runs: from the settings as they are typed to results among the versions, on this machine or hosted. */
import type { StoreApi } from 'zustand/vanilla';
import type { Engine, Progress } from '../../contract/engine';
import { InputError } from '../../contract/errors';
import type { Editor, EditorDocument, PictureWork } from '../../editor/store';
import type { CropPlan } from '../../image/crop';
import type { Hosted, RunTarget } from '../hosted/hosted';
import { guessedNativeSize } from '../models/modelCatalogue';
import type { Fetching, ModelLibraryStore } from '../models/modelLibrary';
import type { Pictures } from '../pictures/pictures';
import type { Version, Versions } from '../pictures/versions';
import { apiSettings, checkSettings, limits, paddingOf, type Settings } from '../settings/settings';
import { paintRun, planRun, prepareRun } from './paintRun';
import { advance, fetchProgress, preparing } from './progress';
import { clean, type JobState, showError } from './runState';

export interface Runs {
  /** Makes the results that are asked for; what is wrong is shown, never thrown. */
  generate(): Promise<void>;
  /** The page is free at once; the engine stops within a step. */
  cancel(): void;
}

export interface RunParts {
  editor: Editor;
  engine: Engine;
  imaging: PictureWork;
  /** Fetches models before a run; where absent the engine is asked at once. */
  models?:
    | (Pick<ModelLibraryStore, 'ensure' | 'sizesOf'> &
        Partial<Pick<ModelLibraryStore, 'store' | 'recordPace'>>)
    | undefined;
  /** Where runs may be made besides; where absent this machine makes all. */
  hosted?: Pick<Hosted, 'store' | 'run'> | null | undefined;
  settings: StoreApi<Settings>;
  versions: StoreApi<Versions>;
  job: StoreApi<JobState>;
  pictures: Pick<Pictures, 'add' | 'show'>;
  /** Milliseconds of a clock that only runs forward. */
  now(): number;
}

/** One press of Generate. */
interface Run {
  readonly controller: AbortController;
  /** As typed when it was pressed. */
  readonly typed: Settings;
  /** How versions were shown then. */
  readonly placement: Versions['placement'];
  /** Where its previews form, once all is ready to paint. */
  document: EditorDocument | null;
  /** The results so far, and what the next one begins with. */
  readonly painted: Version[];
  seed: number | undefined;
  since: number;
}

/** One run at a time, of as many variations as the settings ask for. */
export function createRuns(parts: RunParts): Runs {
  const { editor, engine, imaging, models, hosted, settings, versions, job, pictures, now } = parts;
  let current: Run | null = null;

  /** What would be sent of the picture as it is now; null while nothing is painted. */
  function planNow(modelName: string): CropPlan | null {
    const { document } = editor;
    if (!document) return null;
    const sizes = models?.sizesOf(modelName) ?? { nativeSize: guessedNativeSize(modelName) };
    const { frame, maskBounds } = editor.store.getState();
    return planRun(document.picture, maskBounds, sizes, { frame, padding: paddingOf(settings.getState()) });
  }

  async function generate(): Promise<void> {
    if (job.getState().running) return;
    const typed = settings.getState();
    const { checked, errors } = checkFor(hosted?.store.getState().on ? 'hosted' : 'local', typed);
    job.setState({ ...clean, fieldErrors: errors ?? {} });
    if (!checked) return;
    if (!editor.document) {
      const message = 'Open a picture first: by the button, by dropping it here, or by pasting.';
      showError(job, new InputError('image_url', message));
      return;
    }
    editor.endStroke();
    const { placement } = versions.getState();
    const controller = new AbortController();
    const run: Run = {
      controller,
      typed,
      placement,
      document: null,
      painted: [],
      seed: checked.seed,
      since: now(),
    };
    current = run;
    job.setState({ running: true, progress: preparing, plan: planNow(checked.model_name) });
    const { signal } = controller;
    const paint = (target: RunTarget) => paintAt(target, run);
    try {
      if (hosted) await hosted.run({ local: engine, modelName: checked.model_name, signal }, paint);
      else await paint({ kind: 'local', engine });
    } catch (error) {
      if (!signal.aborted) showError(job, error);
    } finally {
      if (current === run) end(run);
    }
  }

  /** Makes what is still wanted of a run: results that another place painted before stay. */
  async function paintAt(target: RunTarget, run: Run): Promise<void> {
    const { signal } = run.controller;
    const name = run.typed.model_name.trim();

    // 1. The model, and a mask that nobody works on any more
    // A wand or an edge that a worker still computes belongs to the mask that this run takes.
    await editor.settled();
    if (target.kind === 'local' && planNow(name)) await models?.ensure(name, { signal, onChange: onFetch });
    signal.throwIfAborted();
    const { checked } = checkFor(target.kind, withFollowed(run.typed, settings.getState()));
    if (!checked) throw new TypeError('what may be made here may be sent');

    // 2. What is sent
    // Painting went on while the model came, and only now its size is sure.
    editor.endStroke();
    const { document } = editor;
    if (!document) throw new TypeError('a picture is never closed, only replaced');
    const { baseId } = versions.getState();
    const plan = planNow(name);
    run.document = document;
    job.setState({ plan });
    const prepared = await prepareRun(checked, document, plan, imaging);
    signal.throwIfAborted();
    // The forming picture shows on the canvas: nothing lies over it meanwhile.
    if (run.placement === 'canvas') versions.setState({ forming: true });

    // 3. The variations, one after the other
    const { variations: count } = checked;
    for (let number = run.painted.length + 1; number <= count; number++) {
      if (count > 1) job.setState({ progress: preparing, variation: { number, count } });
      const { seed, modelSeconds, ...pasted } = await paintRun(prepared, run.seed, target, imaging, {
        signal,
        onProgress,
      });
      if (modelSeconds !== undefined) models?.recordPace?.(name, checked, prepared.plan.size, modelSeconds);
      const { width, height } = prepared.picture;
      const version = pictures.add(
        { ...pasted, width, height },
        {
          parentId: baseId,
          prompt: checked.prompt,
          seed,
          modelName: name,
          seconds: (now() - run.since) / 1000,
          batch: run.painted[0]?.id ?? null,
        },
      );
      run.painted.push(version);
      if (run.placement === 'beside' && run.painted.length === 1) pictures.show(version.id);
      job.setState({ lastSeed: run.painted[0]?.seed ?? seed });
      run.since = now();
      run.seed = seed < limits.seed.max ? seed + 1 : 0;
      // The next variation forms from the beginning.
      if (number < count) editor.showPreview(null);
    }
  }

  function end({ painted }: Run): void {
    current = null;
    editor.showPreview(null);
    job.setState({ running: false, progress: null, variation: null, plan: null });
    const { forming, items } = versions.getState();
    // Nothing was chosen meanwhile.
    if (!forming) return;
    versions.setState({ forming: false });
    const [shown] = painted;
    // Undo may have led to another picture, whose versions are others.
    if (shown && items.includes(shown)) pictures.show(shown.id);
  }

  function onProgress(progress: Progress): void {
    const { running, plan, progress: before } = job.getState();
    const isWanted = running && current !== null && !current.controller.signal.aborted;
    const preview = progress.stage === 'denoise' ? progress.preview : undefined;
    if (preview) {
      if (isWanted && plan && editor.document === current?.document)
        editor.showPreview({ bitmap: preview, frame: plan.frame });
      else preview.close();
    }
    if (isWanted) job.setState({ progress: advance(before ?? preparing, progress, now()) });
  }

  function onFetch(fetching: Fetching): void {
    if (!current?.controller.signal.aborted) job.setState({ progress: fetchProgress(fetching) });
  }

  return {
    generate,
    cancel() {
      if (!current || current.controller.signal.aborted) return;
      current.controller.abort();
      job.setState({ progress: { ...preparing, title: 'Stopping' } });
    },
  };
}

/** What a model is may be known only now, and with it the settings that suit it. */
function withFollowed(typed: Settings, now: Settings): Settings {
  if (now.model_name !== typed.model_name) return typed;
  const { num_inference_steps, guidance_scale, scheduler } = now;
  const followed = { ...typed, num_inference_steps, guidance_scale, scheduler };
  // Somebody is at the fields.
  return checkSettings(followed).checked ? followed : typed;
}

/** What the hosted API lacks counts for nothing there. */
function checkFor(kind: RunTarget['kind'], typed: Settings) {
  return checkSettings(kind === 'hosted' ? apiSettings(typed) : typed);
}
