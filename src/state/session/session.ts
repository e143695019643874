/** What a person does with the page, as functions over its stores: open, generate, cancel, return. */
import type { StoreApi } from 'zustand/vanilla';
import type { Engine, LocalEngine } from '../../contract/engine';
import type { Editor, PictureWork } from '../../editor/store';
import type { Margins } from '../../image/box';
import { createPictures, type Pictures } from '../pictures/pictures';
import { createVersions, type Versions } from '../pictures/versions';
import { clean, createJob, type JobState } from '../run/runState';
import { createRuns, type RunParts } from '../run/runs';
import { createSettings, type Settings } from '../settings/settings';
import { createSuited, type Suited } from '../settings/suited';

export type { JobState };

/** What the page runs on; ui/ knows engines by this name alone. */
export type PageEngine = LocalEngine;

export interface Session {
  readonly editor: Editor;
  readonly settings: StoreApi<Settings>;
  readonly job: StoreApi<JobState>;
  readonly versions: StoreApi<Versions>;
  /** What suits the model: said, and put back at a press. */
  readonly suited: Pick<Suited, 'store' | 'press' | 'byHand'>;
  change(settings: Partial<Settings>): void;
  /** Opens a picture; if that fails, what was open stays as it was and the stage says why. @returns whether it is open */
  openFile(file: Blob, name: string): Promise<boolean>;
  /** Opens the sample with its mask, prompt and settings. @param url of its JSON description */
  openSample(url: URL): Promise<boolean>;
  /** Opens a picture that was worked on before, with its versions. @returns whether it is open */
  reopen: Pictures['reopen'];
  generate(): Promise<void>;
  cancel(): void;
  /** Shows a version; null shows what is painted on. A step of undo. */
  show(id: number | null): void;
  /** Shows versions over the canvas or beside it. */
  place(placement: Versions['placement']): void;
  /** Puts a version on the canvas, under the mask, to paint on. A step of undo. */
  continueFrom: Pictures['continueFrom'];
  /** Puts the picture away; undo brings it back. */
  close(): void;
  /** Draws the canvas out: what is new becomes mask, over the picture's edge carried on. Undo takes it back. */
  extend(margins: Margins): Promise<void>;
  complain(message: string): void;
  dismiss(): void;
}

export function createSession(
  parts: {
    editor: Editor;
    engine: Engine;
    imaging: PictureWork;
    now?: () => number;
  } & Pick<RunParts, 'models' | 'hosted'>,
): Session {
  const { editor, imaging, now = () => performance.now() } = parts;
  const settings = createSettings();
  const versions = createVersions();
  const job = createJob();
  const suited = createSuited(settings, parts.models?.store);
  const stores = { settings, versions, job };
  const pictures = createPictures({ editor, imaging, ...stores, onReplace: () => runs.cancel() });
  const runs = createRuns({ ...parts, ...stores, pictures, now });

  // What was wrong at one place says nothing of the other.
  parts.hosted?.store.subscribe(({ on }, { on: was }) => {
    if (on === was) return;
    const { model_name: _, ...fieldErrors } = job.getState().fieldErrors;
    job.setState({ runError: null, fieldErrors });
  });

  return {
    editor,
    ...stores,
    suited,
    change(changed) {
      suited.setByHand(changed);
      const before = settings.getState().model_name;
      settings.setState(changed);
      // A complaint about a field goes as soon as the field is edited.
      const fieldErrors = { ...job.getState().fieldErrors };
      for (const field of Object.keys(changed)) delete fieldErrors[field as keyof Settings];
      // Why a run failed concerned the model that it was made with.
      const isOther = changed.model_name !== undefined && changed.model_name !== before;
      job.setState({ fieldErrors, ...(isOther && { runError: null }) });
    },
    openFile: pictures.openFile,
    openSample: pictures.openSample,
    reopen: pictures.reopen,
    extend: pictures.extend,
    continueFrom: pictures.continueFrom,
    generate: runs.generate,
    cancel: runs.cancel,
    show: pictures.show,
    close: pictures.close,
    place(placement) {
      versions.setState({ placement });
    },
    complain(message) {
      job.setState({ stageError: message });
    },
    dismiss() {
      job.setState({ ...clean });
    },
  };
}
