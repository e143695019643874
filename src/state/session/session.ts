/** What the user does with the page, as functions over its stores: open, generate, cancel, continue. */
import type { Engine, LocalEngine } from '../../contract/engine';
import type { Editor, PictureWork } from '../../editor/store';
import type { Margins } from '../../image/box';
import { createPictures, type Pictures } from '../pictures/pictures';
import { createVersions, type Versions } from '../pictures/versions';
import { createRunState, type RunState, type RunStore } from '../run/runState';
import { createRuns, type RunParts } from '../run/runs';
import { isSettingsField, type Settings } from '../settings/settings';
import { createSettings, type ReadonlyStore, type SettingsState } from '../settings/settingsStore';
import { createSuited, type Suited } from '../settings/suited';
import { createSessionState, type SessionStore } from './sessionState';

export type { RunState };

/** The engine that the page runs on; ui/ knows engines only by this name. */
export type PageEngine = LocalEngine;

export interface Session {
  readonly editor: Editor;
  readonly settings: ReadonlyStore<SettingsState>;
  readonly run: ReadonlyStore<RunState>;
  readonly versions: ReadonlyStore<Versions>;
  /** What can be restored, and what is being saved. */
  readonly state: SessionStore;
  /** The settings that suit the model, and the button of the note about them. */
  readonly suited: Pick<Suited, 'press' | 'byHand'>;
  /** Changes settings on the user's behalf. */
  change(settings: Partial<Settings>): void;
  /** Brings settings back as they were. @param byHand those that the user had set */
  restoreSettings(settings: Partial<Settings>, byHand: readonly string[]): void;
  /** Opens an image; if that fails, the open one stays and the stage says why. @returns whether it is open */
  openFile(file: Blob, name: string): Promise<boolean>;
  /** Opens the sample with its mask, prompt and settings. @param url of its JSON description */
  openSample(url: URL): Promise<boolean>;
  /** Whether the image is a sample as it was opened, with its settings: nothing that the user would miss. */
  isUntouchedSample(): boolean;
  /** Opens an image of an earlier visit with its versions. @returns whether it is open */
  reopen: Pictures['reopen'];
  generate(): Promise<void>;
  /** Takes away what is masked; see `Runs`. */
  remove(): Promise<void>;
  again(): Promise<void>;
  moreAround(): Promise<void>;
  cancel(): void;
  /** Stops opening an image; the one on the canvas stays. @returns whether one was being opened */
  cancelOpening: Pictures['cancelOpening'];
  /** Shows a version; null shows the canvas. A step of undo. */
  show(id: number | null): void;
  /** Shows versions over the canvas or beside it. */
  place(placement: Versions['placement']): void;
  /** Puts a version on the canvas, under the mask, to paint on. A step of undo. */
  continueFrom: Pictures['continueFrom'];
  /** Puts a result on the canvas and clears the mask. A step of undo. */
  accept: Pictures['accept'];
  /** Closes the image; undo brings it back. */
  close(): void;
  /** Extends the canvas: the new area is masked, over the colours of the image's edge. Undo takes it back. */
  extend: Pictures['extend'];
  /** The same, and what lies beneath the mask is filled as the image goes on there; cancelled, it stays as it was. */
  outpaint(margins: Margins): Promise<void>;
  /** Shows an error on the stage; `message`, if given, limits taking it away to that one. */
  showStageError(message: string): void;
  clearStageError(message?: string): void;
  showStageNote(note: string): void;
  showMaskNote: RunStore['showMaskNote'];
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
  const runState = createRunState();
  const suited = createSuited(settings, parts.models?.store);
  const stores = { settings, versions, runState };
  const pictures = createPictures({ editor, imaging, ...stores, onReplace: () => runs.cancel() });
  const runs = createRuns({ ...parts, ...stores, pictures, now });

  // An error on this device says nothing about the hosted API, and the other way round.
  parts.hosted?.store.subscribe(({ on }, { on: was }) => {
    if (on === was) return;
    runState.clearFieldErrors(['model_name']);
    runState.clearRunError();
  });

  /** What can be changed about an image. */
  const shape = () => {
    const { maskRevision, pictureRevision, frame } = editor.store.getState();
    return [editor.document, versions.store.getState().items, maskRevision, pictureRevision, frame] as const;
  };
  /** The sample as it was opened; null if none was, or once the user changed a setting. */
  let sample: ReturnType<typeof shape> | null = null;

  function change(changed: Partial<Settings>): void {
    sample = null;
    suited.setByHand(changed);
    const before = settings.store.getState().model_name;
    settings.change(changed);
    // An error at a field goes as soon as the field is edited.
    runState.clearFieldErrors(Object.keys(changed).filter(isSettingsField));
    // A failed run's error was about the model that it used.
    if (changed.model_name !== undefined && changed.model_name !== before) runState.clearRunError();
  }

  return {
    editor,
    settings: settings.store,
    run: runState.store,
    versions: versions.store,
    state: createSessionState(),
    suited,
    change,
    restoreSettings(restored, byHand) {
      settings.change(restored);
      change(Object.fromEntries(Object.entries(restored).filter(([field]) => byHand.includes(field))));
    },
    openFile: pictures.openFile,
    async openSample(url) {
      const isOpen = await pictures.openSample(url);
      if (isOpen) sample = shape();
      return isOpen;
    },
    isUntouchedSample() {
      const now = shape();
      return sample?.every((part, i) => part === now[i]) ?? false;
    },
    reopen: pictures.reopen,
    extend: pictures.extend,
    async outpaint(margins) {
      const extension = await pictures.extend(margins);
      if (extension) await runs.fillExtension(extension);
    },
    continueFrom: pictures.continueFrom,
    accept: pictures.accept,
    generate: runs.generate,
    remove: runs.remove,
    again: runs.again,
    moreAround: runs.moreAround,
    cancel: runs.cancel,
    cancelOpening: pictures.cancelOpening,
    show: pictures.show,
    close: pictures.close,
    place: versions.place,
    showStageError: runState.showStageError,
    clearStageError: runState.clearStageError,
    showStageNote: runState.showStageNote,
    showMaskNote: runState.showMaskNote,
    dismiss: () => runState.clearErrors(),
  };
}
