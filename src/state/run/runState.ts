/** The run in hand as the page shows it, and what is wrong: one store that pictures, runs and settings write to. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { isAbort } from '../../contract/errors';
import type { CropPlan } from '../../image/crop';
import { type Complaint, complaintOf } from '../errorDisplay';
import type { ReadingNote } from '../pictures/readingNote';
import type { FieldErrors } from '../settings/settings';
import type { RunProgress } from './progress';

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
  /** What has to be known of the picture though nothing is wrong: shown in the same place. */
  stageNote: string | null;
  /** How the mask that was brought in last was read, as long as it stays as it is. */
  maskNote: ReadingNote | null;
  /** What concerns the run as a whole. */
  runError: Complaint | null;
}

/** Nothing is wrong. */
export const clean = {
  fieldErrors: {},
  stageError: null,
  stageNote: null,
  maskNote: null,
  runError: null,
} satisfies Partial<JobState>;

export function createJob(): StoreApi<JobState> {
  return createStore<JobState>(() => ({
    running: false,
    progress: null,
    variation: null,
    plan: null,
    lastSeed: null,
    ...clean,
  }));
}

/** Shows an error at the place that it concerns; a cancellation is none. */
export function showError(job: StoreApi<JobState>, error: unknown): void {
  if (isAbort(error)) return;
  const complaint = complaintOf(error);
  if (complaint.place === 'stage') job.setState({ stageError: complaint.message });
  else if (complaint.place === 'run') job.setState({ runError: complaint });
  else job.setState({ fieldErrors: { [complaint.place]: complaint.message } });
}
