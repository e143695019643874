/** Reading and saving masks as files; problems are shown on the stage. */

import { PictureError } from '../../editor/workers/decodePicture';
import { maskedPart, readMaskFile, writeMaskFile } from '../../editor/workers/maskFiles';
import { cutOut } from '../../editor/workers/pictureWorkerClient';
import { emptyMaskProblem, type ReadingNote, readingNote } from '../../state/pictures/readingNote';
import { versionInSight } from '../../state/pictures/versions';
import type { Session } from '../../state/session/session';
import { giveFile } from '../base/downloadAndCopy';

/** Asks for a file and makes it the mask, as a step. */
export function pickMask(session: Session): void {
  if (!session.editor.document) return;
  const input = document.createElement('input');
  input.type = 'file';
  input.accept = 'image/*,.heic,.heif,.avif,.tif,.tiff';
  input.addEventListener('change', () => {
    const file = input.files?.[0];
    if (file) void importMask(session, file).then((problem) => problem && session.showStageError(problem));
  });
  input.click();
}

/**
 * Makes a file the mask, with a note on how it was read if that is not obvious.
 * @param reading to use instead of the one that the file suggests
 * @returns what is wrong with the file, or null
 */
export async function importMask(
  session: Session,
  file: File,
  reading?: ReadingNote['other'],
): Promise<string | null> {
  const { editor } = session;
  const opened = editor.document;
  if (!opened) return null;
  try {
    const { mask, facts } = await readMaskFile(file, file.name, opened.mask, reading);
    const problem = emptyMaskProblem(facts, file.name);
    if (problem !== null) return problem;
    if (editor.document === opened) await editor.replaceMask(mask);
    if (editor.document !== opened) return null;
    const { maskRevision } = editor.store.getState();
    session.showMaskNote(readingNote(facts, file, maskRevision));
    return null;
  } catch (error) {
    return error instanceof PictureError
      ? error.message
      : `“${file.name}” could not be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Reads the last imported mask again, in the other way that its note offers. */
export async function readAgain(session: Session, { file, other }: ReadingNote): Promise<void> {
  const problem = await importMask(session, file, other);
  if (problem !== null) session.showStageError(problem);
}

/** Downloads the mask: PNG, white on black, of the image's size. */
export async function saveMask({ editor, showStageError }: Session): Promise<void> {
  const { document: opened } = editor;
  if (!opened) return;
  editor.endStroke();
  await editor.settled();
  const stem = editor.store.getState().picture?.name.replace(/\.[a-z0-9]+$/i, '') || 'picture';
  try {
    giveFile(await writeMaskFile(opened.mask, opened.history.paintBounds), `${stem}-mask.png`);
  } catch (error) {
    showStageError(`The mask could not be saved: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Downloads what the mask covers of the image in sight, on transparency: PNG, as large as that. */
export async function saveCutOut({ editor, versions, showStageError }: Session): Promise<void> {
  const { document: opened } = editor;
  if (!opened) return;
  editor.endStroke();
  await editor.settled();
  const part = maskedPart(opened.mask, opened.history.paintBounds);
  if (!part) return;
  const stem = editor.store.getState().picture?.name.replace(/\.[a-z0-9]+$/i, '') || 'picture';
  const image = versionInSight(versions.getState())?.file ?? opened.picture.file;
  try {
    giveFile(await cutOut(image, part), `${stem}-cut-out.png`);
  } catch (error) {
    showStageError(
      `The cut-out could not be saved: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
