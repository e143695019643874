/** Runs: from the settings as typed to results among the versions, on this device or on the hosted API. */

import type { Engine, Progress } from '../../contract/engine';
import { InputError } from '../../contract/errors';
import { FILL, MAX_SEED } from '../../contract/schema';
import type { Task } from '../../contract/tasks';
import type { Editor, EditorDocument, PictureWork } from '../../editor/store';
import type { CropPlan } from '../../image/crop';
import { maskBounds as boundsOf } from '../../image/mask/mask';
import type { Extension } from '../../image/outpaint';
import type { Mask } from '../../image/raster';
import type { Hosted, RunTarget } from '../hosted/hosted';
import { guessedSizes } from '../models/modelCatalogue';
import type { Fetching, ModelLibraryStore } from '../models/modelLibrary';
import type { Pictures } from '../pictures/pictures';
import {
  isExtended,
  pendingResult,
  type Version,
  type VersionStore,
  type Versions,
} from '../pictures/versions';
import { apiSettings, checkSettings, paddingOf, type Settings } from '../settings/settings';
import type { SettingsStore } from '../settings/settingsStore';
import { followingFields } from '../settings/suited';
import { paintRun, planRun, prepareRun } from './paintRun';
import { advance, fetchProgress, preparing } from './progress';
import { growthFor, MOST_UNASKED_PIXELS, removalSettings, taskOfResult, variesFromSeed } from './removal';
import type { RunStore } from './runState';

export interface Runs {
  /** Makes the results; errors are shown, never thrown. */
  generate(): Promise<void>;
  /** Takes away what is masked, on this device whatever the hosted switch says. Needs no prompt. */
  remove(): Promise<void>;
  /** Makes another result like the one shown, from the same image and mask with another seed. */
  again(): Promise<void>;
  /** The same with a mask that is grown by a little; if there is no result, the mask stays as it was. */
  moreAround(): Promise<void>;
  /**
   * Fills what is new on an extended canvas. Where nothing else is masked, the result is shown as one of "Remove" is, and
   * lies beneath what is generated there; else it is put on the canvas at once, under the mask. A very large one is left
   * to the press of a button.
   */
  fillExtension(extension: Extension): Promise<void>;
  /** Frees the page at once; the engine stops within a step. */
  cancel(): void;
}

export interface RunParts {
  editor: Editor;
  engine: Engine;
  imaging: PictureWork;
  /** Fetches models before a run; absent: the engine is asked at once. */
  models?:
    | (Pick<ModelLibraryStore, 'ensure' | 'sizesOf'> &
        Partial<Pick<ModelLibraryStore, 'store' | 'recordPace'>>)
    | undefined;
  /** The other place for runs; absent: all run on this device. */
  hosted?: Pick<Hosted, 'store' | 'run'> | null | undefined;
  settings: Pick<SettingsStore, 'store'>;
  versions: VersionStore;
  runState: RunStore;
  pictures: Pick<Pictures, 'add' | 'show' | 'continueFrom'>;
  /** Milliseconds of a monotonic clock. */
  now(): number;
}

/** One press of a button. */
interface Run {
  readonly task: Task;
  readonly controller: AbortController;
  /** The settings when it was pressed. */
  readonly typed: Settings;
  /** Where versions were shown then. */
  readonly placement: Versions['placement'];
  /** What it changes, in place of all that is masked. */
  readonly area: Mask | null;
  /** The document on which its previews are shown, once everything is ready. */
  document: EditorDocument | null;
  /** The results so far. */
  readonly painted: Version[];
  /** Of the next result, and when it began. */
  seed: number | undefined;
  since: number;
}

/** One run at a time, of as many variations as the settings ask for. */
export function createRuns(parts: RunParts): Runs {
  const { editor, engine, imaging, models, hosted, versions, runState, pictures, now } = parts;
  const { store: settings } = parts.settings;
  let current: Run | null = null;

  /** The crop that would be sent now; null while nothing is masked. */
  function planNow(modelName: string, area: Mask | null = null): CropPlan | null {
    const { document } = editor;
    if (!document) return null;
    const sizes = models?.sizesOf(modelName) ?? guessedSizes(modelName);
    const { frame, maskBounds } = editor.store.getState();
    if (area) return planRun(document.picture, boundsOf(area), sizes);
    return planRun(document.picture, maskBounds, sizes, { frame, padding: paddingOf(settings.getState()) });
  }

  const lookups = () => models?.store?.getState().lookups;

  /** @returns the first result, which is shown unless the run was of an area of its own; undefined if there is none */
  async function start(
    task: Task,
    more: Partial<Settings> = {},
    area: Mask | null = null,
  ): Promise<Version | undefined> {
    // Its image would be replaced at once.
    if (runState.store.getState().running || editor.store.getState().opening !== null) return undefined;
    const all = settings.getState();
    const typed = { ...(task === 'remove' ? removalSettings(all, lookups()) : all), ...more };
    // The others would be the same.
    if (!variesFromSeed(typed.model_name, lookups())) typed.variations = '1';
    const place = task === 'inpaint' && hosted?.store.getState().on ? 'hosted' : 'local';
    const { checked, errors } = checkFor(place, typed);
    runState.clearErrors(errors);
    if (!checked) return undefined;
    if (!editor.document) {
      const message = 'Open an image first: use the button, drop a file here, or paste.';
      runState.showError(new InputError('image_url', message));
      return undefined;
    }
    editor.endStroke();
    const { placement } = versions.store.getState();
    const controller = new AbortController();
    const run: Run = {
      task,
      controller,
      typed,
      placement,
      area,
      document: null,
      painted: [],
      seed: checked.seed,
      since: now(),
    };
    current = run;
    runState.begin(task, planNow(checked.model_name, area));
    const { signal } = controller;
    const paint = (target: RunTarget) => paintOn(target, run);
    try {
      if (hosted && task === 'inpaint')
        await hosted.run({ local: engine, modelName: checked.model_name, signal }, paint);
      else await paint({ kind: 'local', engine });
    } catch (error) {
      if (!signal.aborted) runState.showError(error);
    } finally {
      if (current === run) end(run);
    }
    return run.painted[0];
  }

  /** @returns the same as `start` */
  async function startAgain(): Promise<Version | undefined> {
    const version = pendingResult(versions.store.getState());
    if (!version) return undefined;
    return start(taskOfResult(version, lookups()), { seed: '', variations: '1' });
  }

  async function fillExtension({ pixels, area }: Extension): Promise<void> {
    if (pixels > MOST_UNASKED_PIXELS) return;
    const { document } = editor;
    const unasked = { model_name: FILL, seed: '', variations: '1', crop_padding: '' };
    const result = await start('remove', unasked, area);
    if (result && area && editor.document === document) await pictures.continueFrom(result.id);
  }

  /** What an extended canvas was filled with is on the canvas, under the mask, before something is generated there. */
  async function layBeneath(): Promise<void> {
    const state = versions.store.getState();
    const shown = pendingResult(state);
    if (shown && isExtended(state) && taskOfResult(shown, lookups()) === 'remove')
      await pictures.continueFrom(shown.id);
  }

  async function moreAround(): Promise<void> {
    if (runState.store.getState().running || !pendingResult(versions.store.getState())) return;
    const before = editor.lastStep();
    await editor.edge('grow', growthFor(editor.store.getState().maskBounds));
    const growth = editor.lastStep();
    if (await startAgain()) return;
    // Cancelled or failed: unless the user has gone on meanwhile, nothing has changed.
    if (growth && growth !== before) editor.withdraw(growth);
  }

  /** Makes the rest of a run: results that another target made before stay. */
  async function paintOn(target: RunTarget, run: Run): Promise<void> {
    const { signal } = run.controller;
    const name = run.typed.model_name.trim();

    // 1. The model, and the finished mask
    // A wand or an edge that a worker still computes belongs to this run's mask.
    await editor.settled();
    if (run.task === 'inpaint') await layBeneath();
    if (target.kind === 'local' && name !== FILL && planNow(name))
      await models?.ensure(name, { signal, onChange: onFetch });
    signal.throwIfAborted();
    const followed = run.task === 'remove' ? run.typed : withFollowed(run.typed, settings.getState());
    const { checked } = checkFor(target.kind, followed);
    if (!checked) throw new TypeError('settings that are right for this device are right for the hosted API');

    // 2. What is sent
    // The user kept painting while the model was fetched, and its size is known only now.
    editor.endStroke();
    const { document } = editor;
    if (!document) throw new TypeError('a run ends when its image is closed');
    const { baseId } = versions.store.getState();
    const plan = planNow(name, run.area);
    run.document = document;
    runState.setPlan(plan);
    const { picture, mask } = document;
    const prepared = await prepareRun(checked, { picture, mask: run.area ?? mask }, plan, imaging);
    signal.throwIfAborted();
    // The preview is on the canvas: nothing is shown over it meanwhile.
    if (run.placement === 'canvas') versions.setForming(true);

    // 3. The variations, one after the other
    const { variations: count } = checked;
    for (let number = run.painted.length + 1; number <= count; number++) {
      if (count > 1) runState.beginVariation(number, count);
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
      if (run.placement === 'beside' && run.painted.length === 1 && !run.area) pictures.show(version.id);
      runState.setLastSeed(run.painted[0]?.seed ?? seed);
      run.since = now();
      run.seed = seed < MAX_SEED ? seed + 1 : 0;
      // The next variation starts with an empty preview.
      if (number < count) editor.showPreview(null);
    }
  }

  function end({ painted, area }: Run): void {
    current = null;
    editor.showPreview(null);
    runState.end();
    const { forming, items } = versions.store.getState();
    // The user chose another version meanwhile.
    if (!forming) return;
    versions.setForming(false);
    const [shown] = painted;
    // Undo may have led to another image with other versions.
    if (shown && items.includes(shown) && !area) pictures.show(shown.id);
  }

  function onProgress(progress: Progress): void {
    const { running, plan, progress: before } = runState.store.getState();
    const isWanted = running && current !== null && !current.controller.signal.aborted;
    const preview = progress.stage === 'denoise' ? progress.preview : undefined;
    if (preview) {
      if (isWanted && plan && editor.document === current?.document)
        editor.showPreview({ bitmap: preview, frame: plan.frame });
      else preview.close();
    }
    if (isWanted) runState.showProgress(advance(before ?? preparing, progress, now()));
  }

  function onFetch(fetching: Fetching): void {
    if (!current?.controller.signal.aborted) runState.showProgress(fetchProgress(fetching));
  }

  return {
    async generate() {
      await start('inpaint');
    },
    async remove() {
      await start('remove');
    },
    async again() {
      const { modelName = null } = pendingResult(versions.store.getState()) ?? {};
      if (modelName !== null && !variesFromSeed(modelName, lookups())) return;
      await startAgain();
    },
    moreAround,
    fillExtension,
    cancel() {
      if (!current || current.controller.signal.aborted) return;
      current.controller.abort();
      runState.showProgress({ ...preparing, title: 'Stopping' });
    },
  };
}

/** What kind of model it is, and so which settings suit it, may be known only now. */
function withFollowed(typed: Settings, now: Settings): Settings {
  if (now.model_name !== typed.model_name) return typed;
  const followed = { ...typed, ...Object.fromEntries(followingFields.map((field) => [field, now[field]])) };
  // The user may be typing in a field.
  return checkSettings(followed).checked ? followed : typed;
}

/** Options that the hosted API lacks do not count there. */
function checkFor(kind: RunTarget['kind'], typed: Settings) {
  return checkSettings(kind === 'hosted' ? apiSettings(typed) : typed);
}
