/** What a person does with the page, as functions over its stores: open, generate, cancel, return. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { canvasBox, limitMargins, type Margins } from '../editor/kernels/box';
import type { CropPlan } from '../editor/kernels/crop';
import { type Point, type Rect, rectOfSize, type Size } from '../editor/kernels/geometry';
import { maskFromPixels } from '../editor/kernels/mask';
import { MAX_CANVAS_SIDE, placeMask } from '../editor/kernels/outpaint';
import type { Editor, EditorDocument, Pasted, Picture, PictureWork } from '../editor/store';
import type { Engine, LocalEngine, Progress } from '../engine/engine';
import { InputError, isAbort } from '../engine/errors';
import { type Complaint, complaintOf } from './complaint';
import type { Hosted, Place } from './hosted';
import { type CropChoice, paintRun, planRun, prepareRun } from './job';
import type { Fetching, Models } from './modelLibrary';
import { guessedNativeSize } from './models';
import { advance, preparing, type RunProgress } from './progress';
import { type Sample, sampleSchema } from './sample';
import {
  apiSettings,
  checkSettings,
  createSettings,
  type FieldErrors,
  limits,
  paddingOf,
  type Settings,
} from './settings';
import { partInWords, speedInWords } from './transfer';
import { createVersions, findVersion, type Version, type Versions } from './versions';

/** What the page runs on; ui/ knows engines by this name alone. */
export type PageEngine = LocalEngine;

export interface JobState {
  running: boolean;
  progress: RunProgress | null;
  /** Which of how many variations is being painted. */
  variation: { number: number; count: number } | null;
  /** What the run in hand has sent. */
  plan: CropPlan | null;
  /** Of the last finished run. */
  lastSeed: number | null;
  /** What is wrong with which field, from the check before a run or from the engine. */
  fieldErrors: FieldErrors;
  /** What concerns the picture, its mask or an opened file: shown on the stage. */
  stageError: string | null;
  /** What concerns the run as a whole. */
  runError: Complaint | null;
}

export interface CropState {
  frame: Rect | null;
}

export interface Session {
  readonly editor: Editor;
  readonly settings: StoreApi<Settings>;
  readonly job: StoreApi<JobState>;
  readonly versions: StoreApi<Versions>;
  /** The frame that a person has chosen, in image pixels; null while it follows from the mask. */
  readonly crop: StoreApi<CropState>;
  change(settings: Partial<Settings>): void;
  /** Opens a picture; if that fails, what was open stays as it was and the stage says why. */
  openFile(file: Blob, name: string): Promise<void>;
  /** Opens the sample with its mask, prompt and settings. @param url of its JSON description */
  openSample(url: URL): Promise<void>;
  generate(): Promise<void>;
  cancel(): void;
  /** Shows a version beside the canvas; null closes that pane. */
  show(id: number | null): void;
  /** Shows versions over the canvas or beside it. */
  place(placement: Versions['placement']): void;
  /** Puts a version on the canvas, under the mask, to paint on. */
  continueFrom(id: number): Promise<void>;
  /** Draws the canvas out: what is new becomes mask, over the picture's edge carried on. Undo takes it back. */
  extend(margins: Margins): Promise<void>;
  /** @param frame whole image pixels; null lets it follow from the mask again */
  chooseFrame(frame: Rect | null): void;
  complain(message: string): void;
  dismiss(): void;
}

/** So far the mask of new canvas reaches back over the picture, for the seam to be blended there. Image pixels. */
const SEAM_OVERLAP = 16;

const sizeOf = ({ width, height }: Size) => ({ width, height });

const clean = { fieldErrors: {}, stageError: null, runError: null };

export function createSession(parts: {
  editor: Editor;
  engine: Engine;
  imaging: PictureWork;
  /** Fetches models before a run; where absent the engine is asked at once. */
  models?: Pick<Models, 'ensure' | 'nativeSizeOf'>;
  /** Where runs may be made besides; where absent this machine makes all. */
  hosted?: Pick<Hosted, 'store' | 'run'> | null;
  now?: () => number;
}): Session {
  const { editor, engine, imaging, models, hosted, now = () => performance.now() } = parts;
  const settings = createSettings();
  const versions = createVersions();
  const job = createStore<JobState>(() => ({
    running: false,
    progress: null,
    variation: null,
    plan: null,
    lastSeed: null,
    ...clean,
  }));
  const crop = createStore<CropState>(() => ({ frame: null }));
  /** Which version each document shows: undo may return to a document of another size. */
  const shownBy = new WeakMap<EditorDocument, number>();
  let runDocument: EditorDocument | null = null;
  const remember = (id: number) => {
    if (editor.document) shownBy.set(editor.document, id);
  };
  editor.onResize((document) => {
    crop.setState({ frame: null });
    editor.showPreview(null);
    job.setState({ plan: null });
    versions.setState({ baseId: shownBy.get(document) ?? versions.getState().baseId, shownId: null });
  });
  let controller: AbortController | null = null;
  let openings = 0;

  const reset = (items: Version[]) => {
    for (const { url, thumbnailUrl } of versions.getState().items) {
      URL.revokeObjectURL(url);
      URL.revokeObjectURL(thumbnailUrl);
    }
    versions.setState({ items, baseId: 0, shownId: null });
  };

  type About = Omit<Version, 'width' | 'height' | 'file' | 'url' | 'thumbnailUrl'>;
  const toVersion = (size: Size, { file, thumbnail }: Pasted, about: About): Version => ({
    ...about,
    ...sizeOf(size),
    file,
    url: URL.createObjectURL(file),
    thumbnailUrl: URL.createObjectURL(thumbnail),
  });
  /** Of a picture that is on the page already. */
  const versionOf = async (picture: Picture, about: About): Promise<Version> =>
    toVersion(picture, { file: picture.file, thumbnail: await imaging.thumbnail(picture) }, about);

  const noRun = { prompt: '', seed: null, modelName: null, seconds: null, batch: null };
  const original = { ...noRun, id: 0, parentId: null, origin: { x: 0, y: 0 } };
  const nextId = () => Math.max(...versions.getState().items.map(({ id }) => id)) + 1;
  const originOf = (id: number): Point => findVersion(versions.getState(), id)?.origin ?? { x: 0, y: 0 };

  /** Runs `load` and shows what it opens, unless something else was opened meanwhile. */
  const open = async (
    load: () => Promise<{
      picture: Picture;
      name: string;
      sample?: { mask: Picture; about: Sample };
    }>,
  ) => {
    openings += 1;
    const ticket = openings;
    try {
      const { picture, name, sample } = await load();
      const version = await versionOf(picture, original);
      if (ticket !== openings) return;
      cancel();
      const mask = sample && maskFromPixels(sample.mask.read(rectOfSize(sample.mask)));
      editor.open(picture, name, mask);
      if (sample) settings.setState(settingsOf(sample.about));
      reset([version]);
      crop.setState({ frame: null });
      remember(0);
      job.setState({ ...clean });
    } catch (error) {
      if (ticket === openings) job.setState({ stageError: complaintOf(error).message });
    }
  };

  const onProgress = (progress: Progress) => {
    const { running, plan, progress: before } = job.getState();
    const preview = progress.stage === 'denoise' ? progress.preview : undefined;
    if (preview) {
      if (running && plan && editor.document === runDocument && !controller?.signal.aborted)
        editor.showPreview({ bitmap: preview, frame: plan.frame });
      else preview.close();
    }
    if (running && !controller?.signal.aborted)
      job.setState({ progress: advance(before ?? preparing, progress, now()) });
  };

  const onFetch = (fetching: Fetching) => {
    if (!controller?.signal.aborted) job.setState({ progress: fetchProgress(fetching) });
  };

  const fail = (error: unknown) => {
    if (isAbort(error)) return;
    const complaint = complaintOf(error);
    if (complaint.place === 'stage') job.setState({ stageError: complaint.message });
    else if (complaint.place === 'run') job.setState({ runError: complaint });
    else job.setState({ fieldErrors: { [complaint.place]: complaint.message } });
  };

  const generate = async () => {
    if (job.getState().running) return;
    const typed = settings.getState();
    const settingsFor = (kind: Place['kind']) =>
      checkSettings(kind === 'hosted' ? apiSettings(typed) : typed);
    const { checked, errors } = settingsFor(hosted?.store.getState().on ? 'hosted' : 'local');
    job.setState({ ...clean, fieldErrors: errors ?? {} });
    if (!checked) return;
    if (!editor.document) {
      fail(
        new InputError(
          'image_url',
          'Open a picture first: by the button, by dropping it here, or by pasting.',
        ),
      );
      return;
    }
    editor.endStroke();
    const own = new AbortController();
    controller = own;
    const started = now();
    const planNow = () => {
      const size = models?.nativeSizeOf(checked.model_name) ?? guessedNativeSize(checked.model_name);
      const choice: CropChoice = { frame: crop.getState().frame, padding: paddingOf(settings.getState()) };
      return (
        editor.document && planRun(editor.document.picture, editor.store.getState().maskBounds, size, choice)
      );
    };
    const { placement, shownId: shownBefore } = versions.getState();
    const painted: Version[] = [];
    job.setState({ running: true, progress: preparing, plan: planNow() });
    let wanted = checked.seed;
    let since = started;
    const { signal } = own;
    const paintAt = async (place: Place) => {
      const { kind } = place;
      const { checked: run } = settingsFor(kind);
      if (!run) throw new TypeError('what may be made here may be sent');
      // A wand or an edge that a worker still computes belongs to the mask that this run takes.
      await editor.settled();
      if (kind === 'local' && planNow()) await models?.ensure(run.model_name, { signal, onChange: onFetch });
      signal.throwIfAborted();
      // Painting went on while the model came, and only now its size is sure.
      editor.endStroke();
      const { document } = editor;
      if (!document) throw new TypeError('a picture is never closed, only replaced');
      const { baseId } = versions.getState();
      const plan = planNow();
      runDocument = document;
      job.setState({ plan });
      const prepared = await prepareRun(run, document, plan, imaging);
      signal.throwIfAborted();
      // The forming picture shows on the canvas: nothing lies over it meanwhile.
      if (placement === 'canvas') versions.setState({ shownId: null });
      const { variations: count } = run;
      // What was painted before this place took over stays.
      for (let number = painted.length + 1; number <= count; number++) {
        if (count > 1) job.setState({ progress: preparing, variation: { number, count } });
        const { seed, ...pasted } = await paintRun(prepared, wanted, place, imaging, { signal, onProgress });
        const id = nextId();
        const version = toVersion(prepared.picture, pasted, {
          id,
          parentId: baseId,
          prompt: run.prompt,
          seed,
          modelName: run.model_name,
          seconds: (now() - since) / 1000,
          batch: painted[0]?.id ?? id,
          origin: originOf(baseId),
        });
        painted.push(version);
        versions.setState((state) => ({
          items: [...state.items, version],
          ...(placement === 'beside' && painted.length === 1 && { shownId: id }),
        }));
        job.setState({ lastSeed: painted[0]?.seed ?? seed });
        since = now();
        wanted = seed < limits.seed.max ? seed + 1 : 0;
        // The next variation forms from the beginning.
        if (number < count) editor.showPreview(null);
      }
    };
    try {
      if (hosted) await hosted.run({ local: engine, modelName: checked.model_name, signal }, paintAt);
      else await paintAt({ kind: 'local', engine });
    } catch (error) {
      if (!own.signal.aborted) fail(error);
    } finally {
      if (controller === own) {
        controller = null;
        runDocument = null;
        editor.showPreview(null);
        job.setState({ running: false, progress: null, variation: null, plan: null });
        // What came, or else what was there before, unless something was chosen meanwhile.
        const { shownId, baseId } = versions.getState();
        const shown = painted[0]?.id ?? shownBefore;
        const there = shown !== null && shown !== baseId && findVersion(versions.getState(), shown);
        if (placement === 'canvas' && shownId === null && there) versions.setState({ shownId: shown });
      }
    }
  };

  /** The page is free at once; the engine stops within a step. */
  const cancel = () => {
    if (!controller || controller.signal.aborted) return;
    controller.abort();
    job.setState({ progress: { ...preparing, title: 'Stopping' } });
  };

  return {
    editor,
    settings,
    job,
    versions,
    crop,
    change(changed) {
      settings.setState(changed);
      // A complaint about a field goes as soon as the field is edited.
      const fieldErrors = { ...job.getState().fieldErrors };
      for (const field of Object.keys(changed)) delete fieldErrors[field as keyof Settings];
      job.setState({ fieldErrors });
    },
    openFile(file, name) {
      return open(async () => ({ picture: await imaging.open(file, name), name }));
    },
    openSample(url) {
      return open(async () => {
        const about = sampleSchema.parse(await (await request(url)).json());
        const [file, maskFile] = await Promise.all(
          [about.image, about.mask].map(async (path) => (await request(new URL(path, url))).blob()),
        );
        if (!file || !maskFile) throw new TypeError('two requests, two answers');
        const [picture, mask] = await Promise.all([
          imaging.open(file, about.image),
          imaging.open(maskFile, about.mask),
        ]);
        return { picture, name: about.image, sample: { mask, about } };
      });
    },
    generate,
    cancel,
    show(id) {
      versions.setState({ shownId: id });
    },
    place(placement) {
      versions.setState({ placement });
    },
    chooseFrame(frame) {
      crop.setState({ frame });
    },
    async extend(wanted) {
      const { document } = editor;
      if (!document || job.getState().running) return;
      const canvas = canvasBox(document.picture, limitMargins(document.picture, wanted, MAX_CANVAS_SIDE));
      if (canvas.width === document.picture.width && canvas.height === document.picture.height) return;
      editor.endStroke();
      try {
        const { baseId } = versions.getState();
        const { x, y } = originOf(baseId);
        const picture = await imaging.extend({ picture: document.picture.file, canvas });
        const version = await versionOf(picture, {
          ...noRun,
          id: nextId(),
          parentId: baseId,
          origin: { x: x + canvas.x, y: y + canvas.y },
        });
        if (editor.document !== document) return; // something else was opened, or undone, meanwhile
        const overlap = Math.min(SEAM_OVERLAP, document.picture.width >> 2, document.picture.height >> 2);
        versions.setState(({ items }) => ({ items: [...items, version] }));
        editor.resize(picture, placeMask(document.mask, canvas, overlap));
        remember(version.id);
        versions.setState({ baseId: version.id, shownId: null });
      } catch (error) {
        fail(error);
      }
    },
    async continueFrom(id) {
      const version = findVersion(versions.getState(), id);
      if (!version) return;
      try {
        const picture = await imaging.open(version.file, `version ${id}`);
        const { document } = editor;
        // Another picture was opened meanwhile.
        if (!document || findVersion(versions.getState(), id) !== version) return;
        if (picture.width === document.picture.width && picture.height === document.picture.height) {
          editor.setPicture(picture);
        } else {
          // Of another size: the mask keeps its place on the picture, what is beyond it is cut off.
          const from = originOf(versions.getState().baseId);
          const place = { x: version.origin.x - from.x, y: version.origin.y - from.y };
          editor.resize(picture, placeMask(document.mask, { ...place, ...sizeOf(picture) }, 0));
        }
        remember(id);
        versions.setState({ baseId: id, shownId: null });
      } catch (error) {
        fail(error);
      }
    },
    complain(message) {
      job.setState({ stageError: message });
    },
    dismiss() {
      job.setState({ ...clean });
    },
  };
}

/** A download as the run's progress. */
function fetchProgress(fetching: Fetching): RunProgress {
  const transfer = 'transfer' in fetching ? fetching.transfer : null;
  if (transfer === null) {
    const forOtherTab = fetching.state === 'waiting' && fetching.forOtherTab;
    return { ...preparing, title: forOtherTab ? 'Another tab downloads the model' : 'Looking the model up' };
  }
  const { loadedBytes, totalBytes, bytesPerSecond, secondsLeft } = transfer;
  const speed = bytesPerSecond === null ? '' : ` · ${speedInWords(bytesPerSecond)}`;
  return {
    ...preparing,
    title: 'Downloading the model',
    detail: `${partInWords(loadedBytes, totalBytes)}${speed}`,
    fraction: totalBytes > 0 ? Math.min(1, loadedBytes / totalBytes) : null,
    secondsLeft,
  };
}

function settingsOf(sample: Sample): Partial<Settings> {
  const { prompt, num_inference_steps, guidance_scale } = sample;
  return {
    prompt,
    ...(num_inference_steps !== undefined && { num_inference_steps: String(num_inference_steps) }),
    ...(guidance_scale !== undefined && { guidance_scale: String(guidance_scale) }),
  };
}

async function request(url: URL): Promise<Response> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url.pathname}: the server answered ${answer.status}; reload the page.`);
  return answer;
}
