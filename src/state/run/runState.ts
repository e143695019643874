/** What the page shows of a run, and what is wrong. One store, written only here. */
import { createStore } from 'zustand/vanilla';
import { isAbort } from '../../contract/errors';
import type { Task } from '../../contract/tasks';
import type { CropPlan } from '../../image/crop';
import { type DisplayedError, displayError } from '../errorDisplay';
import type { ReadingNote } from '../pictures/readingNote';
import type { FieldErrors, SettingsField } from '../settings/settings';
import type { ReadonlyStore } from '../settings/settingsStore';
import { preparing, type RunProgress } from './progress';

export interface RunState {
  running: boolean;
  /** What the current run is for; null between runs. */
  task: Task | null;
  progress: RunProgress | null;
  /** Which of how many variations is being made. */
  variation: { number: number; count: number } | null;
  /** The crop that the current run has sent. */
  plan: CropPlan | null;
  /** The seed of the last finished run. */
  lastSeed: number | null;
  /** What is wrong with which field, found by the check before a run or by the engine. */
  fieldErrors: FieldErrors;
  /** An error about the image, its mask or an opened file: shown on the stage. */
  stageError: string | null;
  /** A note about the image when nothing is wrong: shown in the same place. */
  stageNote: string | null;
  /** How the mask that was opened last was read, until the mask changes. */
  maskNote: ReadingNote | null;
  /** An error of the run as a whole. */
  runError: DisplayedError | null;
}

const noErrors = {
  fieldErrors: {},
  stageError: null,
  stageNote: null,
  maskNote: null,
  runError: null,
} satisfies Partial<RunState>;

/** The store and all that changes it. */
export interface RunStore {
  readonly store: ReadonlyStore<RunState>;
  begin(task: Task, plan: CropPlan | null): void;
  /** What the run has sent, once it is sure; null once the canvas is another. */
  setPlan(plan: CropPlan | null): void;
  beginVariation(number: number, count: number): void;
  showProgress(progress: RunProgress): void;
  setLastSeed(seed: number): void;
  end(): void;
  /** Shows an error where it belongs; a cancellation is not an error. */
  showError(error: unknown): void;
  showStageError(message: string): void;
  showStageNote(note: string): void;
  showMaskNote(note: ReadingNote | null): void;
  /** Takes away all errors and notes; shows those of the fields instead, if there are any. */
  clearErrors(fieldErrors?: FieldErrors): void;
  clearFieldErrors(fields: readonly SettingsField[]): void;
  clearRunError(): void;
  /** @param message only if it is this one; without it whatever is shown */
  clearStageError(message?: string): void;
}

export function createRunState(): RunStore {
  const store = createStore<RunState>(() => ({
    running: false,
    task: null,
    progress: null,
    variation: null,
    plan: null,
    lastSeed: null,
    ...noErrors,
  }));
  const { getState, setState } = store;
  return {
    store,
    begin: (task, plan) => setState({ running: true, task, progress: preparing, plan }),
    setPlan: (plan) => setState({ plan }),
    beginVariation: (number, count) => setState({ progress: preparing, variation: { number, count } }),
    showProgress: (progress) => setState({ progress }),
    setLastSeed: (lastSeed) => setState({ lastSeed }),
    end: () => setState({ running: false, task: null, progress: null, variation: null, plan: null }),
    showError(error) {
      if (isAbort(error)) return;
      const displayed = displayError(error);
      if (displayed.place === 'stage') setState({ stageError: displayed.message });
      else if (displayed.place === 'run') setState({ runError: displayed });
      else setState({ fieldErrors: { [displayed.place]: displayed.message } });
    },
    showStageError: (stageError) => setState({ stageError }),
    showStageNote: (stageNote) => setState({ stageNote }),
    showMaskNote: (maskNote) => setState({ stageError: null, maskNote }),
    clearErrors: (fieldErrors = {}) => setState({ ...noErrors, fieldErrors }),
    clearFieldErrors(fields) {
      const fieldErrors = { ...getState().fieldErrors };
      for (const field of fields) delete fieldErrors[field];
      setState({ fieldErrors });
    },
    clearRunError: () => setState({ runError: null }),
    clearStageError(message) {
      if (message === undefined || getState().stageError === message) setState({ stageError: null });
    },
  };
}
