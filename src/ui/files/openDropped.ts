/** Opens dropped and pasted files: images, an image's mask, models, in any number. */

import { isWeights } from '../../state/models/modelFiles';
import type { ModelLibraryStore } from '../../state/models/modelLibrary';
import { leftInWords, sortGiven } from '../../state/pictures/droppedFiles';
import type { Session } from '../../state/session/session';
import { importMask } from '../commands/maskFile';
import { listEntry, openOwnModel } from '../models/useModelFiles';

export interface DroppedFiles {
  pictures: readonly File[];
  /** Folders and weight files. */
  models: readonly FileSystemEntry[];
}

/** The files of a drop. They must be read before the event ends, which clears them. */
export function droppedFiles(transfer: DataTransfer): DroppedFiles {
  const pictures: File[] = [];
  const models: FileSystemEntry[] = [];
  for (const item of transfer.items) {
    const entry = item.webkitGetAsEntry();
    const file = item.getAsFile();
    if (entry && (entry.isDirectory || isWeights(entry.name))) models.push(entry);
    else if (file) pictures.push(file);
  }
  return { pictures, models };
}

/** Opens everything that can be opened, and says why the rest was not. */
export async function openDropped(
  session: Session,
  models: ModelLibraryStore,
  dropped: DroppedFiles,
): Promise<void> {
  const problems = [
    ...(await openModels(session, models, dropped.models)),
    ...(await openPictures(session, dropped.pictures)),
  ];
  if (problems.length > 0) session.showStageError(problems.join(' '));
}

async function openModels(
  session: Session,
  models: ModelLibraryStore,
  entries: readonly FileSystemEntry[],
): Promise<string[]> {
  const problems: string[] = [];
  const open = async (listed: Awaited<ReturnType<typeof listEntry>>) => {
    const problem = await openOwnModel(listed, session, models);
    if (problem !== null) problems.push(problem);
  };
  // Backwards, so that the settings end up with the first one.
  for (const entry of entries.toReversed()) await open(await listEntry(entry));
  return problems;
}

async function openPictures(session: Session, files: readonly File[]): Promise<string[]> {
  if (files.length === 0) return [];
  const { picture, mask, left } = sortGiven(files, session.editor.store.getState().picture?.name ?? null);
  const problems: string[] = [];
  // Opening an image reports its own errors.
  if (picture && !(await session.openFile(picture, picture.name || 'the pasted image'))) return [];
  const problem = mask && (await importMask(session, mask));
  if (problem) problems.push(problem);
  if (left.length > 0) problems.push(leftInWords(left));
  return problems;
}
