/** Saves the version in view: as a file, or to the clipboard. */
import { messageOf } from '../../contract/errors';
import { downloadName, type FileType, versionInSight } from '../pictures/versions';
import type { ReadonlyStore } from '../settings/settingsStore';
import type { Session } from './session';
import type { SessionState } from './sessionState';

export type SavingState = Pick<SessionState, 'copies' | 'busy'>;

export interface Saving {
  readonly store: ReadonlyStore<SavingState>;
  /** Downloads the version in view; errors are shown on the stage. */
  download(type?: FileType): Promise<void>;
  /** Copies it as PNG. */
  copy(): Promise<void>;
}

export interface SavingParts {
  session: Pick<
    Session,
    'state' | 'editor' | 'versions' | 'showStageError' | 'clearStageError' | 'showStageNote'
  >;
  /** A version's file in another format. @param onNote called with what is lost, if anything */
  encode(file: Blob, type: FileType, onNote: (note: string) => void): Promise<Blob>;
  /** Hands a file to the user. */
  give(file: Blob, name: string): void;
  /** Writes an image to the clipboard once it is encoded. Browsers allow it only shortly after a click. */
  write(png: Promise<Blob>): Promise<void>;
}

export function createSaving({ session, encode, give, write }: SavingParts): Saving {
  const { editor, versions, state } = session;
  /** The last error: it goes when saving works again. */
  let problem: string | null = null;

  const attempt = async (
    busy: NonNullable<SavingState['busy']>,
    failure: string,
    work: () => Promise<void>,
  ) => {
    state.beginSaving(busy);
    try {
      await work();
      if (problem !== null) session.clearStageError(problem);
      problem = null;
    } catch (error) {
      problem = `${failure}: ${messageOf(error)}`;
      session.showStageError(problem);
    } finally {
      state.endSaving();
    }
  };

  return {
    store: state.store,
    async download(type = 'image/png') {
      const version = versionInSight(versions.getState());
      const name = editor.store.getState().picture?.name;
      if (!version || name === undefined) return;
      await attempt(type, 'The image was not saved', async () => {
        const notes: string[] = [];
        const file = await encode(version.file, type, (note) => notes.push(note));
        give(file, downloadName(name, version, type));
        const [note] = notes;
        if (note !== undefined) session.showStageNote(note);
      });
    },
    async copy() {
      const version = versionInSight(versions.getState());
      if (!version) return;
      await attempt('copy', 'The image was not copied', async () => {
        await write(encode(version.file, 'image/png', () => {}));
        state.countCopy();
      });
    },
  };
}
