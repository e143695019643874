/** The user's own model: by file chooser, by folder chooser, or dropped. */
import { useCallback } from 'react';
import { ownModels } from '../../state/models/modelFiles';
import type { ModelLibraryStore } from '../../state/models/modelLibrary';
import type { Session } from '../../state/session/session';
import { useModels, useSession } from '../base/context';

type Listed = { path: string; file: File }[];

/** Adds the files as models and names the first in the settings. @returns what is wrong with them, or null */
export async function openOwnModel(
  listed: Listed,
  session: Session,
  models: ModelLibraryStore,
): Promise<string | null> {
  const own = ownModels(listed);
  if (typeof own === 'string') return own;
  const names = await models.addFiles(own);
  const [name] = names ?? [];
  if (name === undefined) return models.store.getState().complaint;
  session.change({ model_name: name });
  await models.look(name);
  return null;
}

export function useModelFiles(onOpened: (problem: string | null) => void) {
  const session = useSession();
  const models = useModels();
  return useCallback(
    (kind: 'file' | 'folder') => {
      const input = document.createElement('input');
      input.type = 'file';
      if (kind === 'folder') input.webkitdirectory = true;
      else input.accept = '.safetensors,.ckpt,.pt,.pth,.bin';
      input.addEventListener('change', async () => {
        const listed = [...(input.files ?? [])].map((file) => ({
          path: file.webkitRelativePath || file.name,
          file,
        }));
        if (listed.length > 0) onOpened(await openOwnModel(listed, session, models));
      });
      input.click();
    },
    [session, models, onOpened],
  );
}

export async function listEntry(entry: FileSystemEntry, parent = ''): Promise<Listed> {
  const path = `${parent}${entry.name}`;
  if (isFile(entry)) {
    return [{ path, file: await new Promise<File>((resolve, reject) => entry.file(resolve, reject)) }];
  }
  if (!isFolder(entry)) return [];
  const listed: Listed = [];
  for (const child of await childrenOf(entry)) listed.push(...(await listEntry(child, `${path}/`)));
  return listed;
}

// Chrome has the classes, but under no name that a page could test with.
const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile;
const isFolder = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory;

async function childrenOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const children: FileSystemEntry[] = [];
  // A reader gives a hundred at a time, and then none.
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) return children;
    children.push(...some);
  }
}
