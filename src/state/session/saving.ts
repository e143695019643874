/** Brings what lies on the canvas out of the page: as a file, or into the clipboard. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { messageOf } from '../../contract/errors';
import { downloadName, type FileType, versionInSight } from '../pictures/versions';
import type { Session } from './session';

export interface SavingState {
  /** Grows with each picture that was copied. */
  copies: number;
  /** What is being made. */
  busy: 'copy' | FileType | null;
}

export interface Saving {
  readonly store: StoreApi<SavingState>;
  /** Downloads what lies on the canvas; what goes wrong is told on the stage. */
  download(type?: FileType): Promise<void>;
  /** Copies it, as PNG. */
  copy(): Promise<void>;
}

export interface SavingParts {
  session: Pick<Session, 'editor' | 'versions' | 'job' | 'complain'>;
  /** A version's file as one of another type. @param onNote what is told where something is lost */
  encode(file: Blob, type: FileType, onNote: (note: string) => void): Promise<Blob>;
  /** Gives a file to the person. */
  give(file: Blob, name: string): void;
  /** Puts a picture into the clipboard, once it is there: the press must not have been too long ago. */
  write(png: Promise<Blob>): Promise<void>;
}

export function createSaving({ session, encode, give, write }: SavingParts): Saving {
  const { editor, versions, job } = session;
  const store = createStore<SavingState>(() => ({ copies: 0, busy: null }));
  /** What was complained of last: it goes when the same thing goes well. */
  let problem: string | null = null;

  const attempt = async (busy: NonNullable<SavingState['busy']>, what: string, work: () => Promise<void>) => {
    store.setState({ busy });
    try {
      await work();
      if (problem !== null && job.getState().stageError === problem) job.setState({ stageError: null });
      problem = null;
    } catch (error) {
      problem = `${what}: ${messageOf(error)}`;
      session.complain(problem);
    } finally {
      store.setState({ busy: null });
    }
  };

  return {
    store,
    async download(type = 'image/png') {
      const version = versionInSight(versions.getState());
      const name = editor.store.getState().picture?.name;
      if (!version || name === undefined) return;
      await attempt(type, 'The picture was not saved', async () => {
        const notes: string[] = [];
        const file = await encode(version.file, type, (note) => notes.push(note));
        give(file, downloadName(name, version, type));
        const [stageNote] = notes;
        if (stageNote !== undefined) job.setState({ stageNote });
      });
    },
    async copy() {
      const version = versionInSight(versions.getState());
      if (!version) return;
      await attempt('copy', 'The picture was not copied', async () => {
        await write(encode(version.file, 'image/png', () => {}));
        store.setState(({ copies }) => ({ copies: copies + 1 }));
      });
    },
  };
}
