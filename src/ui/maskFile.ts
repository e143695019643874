/** Masks from and to files, with what goes wrong shown on the stage. */
import { readMaskFile, writeMaskFile } from '../editor/maskFiles';
import { PictureError } from '../editor/open';
import type { Session } from '../state/session';
import { giveFile } from './giving';

/** Asks for a file and makes it the mask, as a step that can be undone. */
export function pickMask(session: Session): void {
  if (!session.editor.document) return;
  const input = document.createElement('input');
  input.type = 'file';
  input.accept = 'image/*';
  input.addEventListener('change', () => {
    const file = input.files?.[0];
    if (file) void importMask(session, file).then((problem) => problem && session.complain(problem));
  });
  input.click();
}

/** Makes a file the mask. @returns what is wrong with it, or null */
export async function importMask(session: Session, file: File): Promise<string | null> {
  const { editor } = session;
  const opened = editor.document;
  if (!opened) return null;
  try {
    const mask = await readMaskFile(file, file.name, opened.mask);
    if (editor.document === opened) await editor.replaceMask(mask);
    session.dismiss();
    return null;
  } catch (error) {
    return error instanceof PictureError
      ? error.message
      : `“${file.name}” could not be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Downloads the mask: PNG, white on black, of the picture's size. */
export async function saveMask({ editor, complain }: Session): Promise<void> {
  const { document: opened } = editor;
  if (!opened) return;
  editor.endStroke();
  await editor.settled();
  const stem = editor.store.getState().picture?.name.replace(/\.[a-z0-9]+$/i, '') || 'picture';
  try {
    giveFile(await writeMaskFile(opened.mask, opened.history.paintBounds), `${stem}-mask.png`);
  } catch (error) {
    complain(`The mask could not be saved: ${error instanceof Error ? error.message : String(error)}`);
  }
}
